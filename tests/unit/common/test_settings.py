from services.settings import misspelt_variables


def test_a_misspelt_variable_is_found_with_the_setting_it_may_mean() -> None:
    assert misspelt_variables(["NEWSFLOW_INGST__HOST_GAP_SECONDS", "NEWSFLOW_LOG_LEVL"]) == {
        "NEWSFLOW_INGST__HOST_GAP_SECONDS": "NEWSFLOW_INGEST__HOST_GAP_SECONDS",
        "NEWSFLOW_LOG_LEVL": "NEWSFLOW_LOG_LEVEL",
    }


def test_settings_and_what_others_name_so_are_left_alone() -> None:
    others = ["NEWSFLOW_SECRET_WIRE_KEY", "NEWSFLOW_PORT_9100_TCP", "NEWSFLOW_SERVICE_HOST", "PATH"]
    assert misspelt_variables(["NEWSFLOW_LOG", "newsflow_ingest__workers", *others]) == {}
