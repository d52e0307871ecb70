"""What a page is that came instead of a feed, by traits that such pages share."""

import pytest

from schemas.reasons import Reason
from services.ingest.refusals import refusal_of

ARTICLE = "<p>" + "The council met on Tuesday to vote on the new law. " * 60 + "</p>"


def page(title: str, body: str, head: str = "") -> str:
    return f"<!DOCTYPE html><html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


CHALLENGES = {
    "cloudflare": page("Just a moment...", "<noscript>Enable JavaScript and cookies to continue</noscript>"),
    "cloudflare block": page("Attention Required! | Cloudflare", "<h1>Sorry, you have been blocked</h1>"),
    "platform script": page("", "<script src='/cdn-cgi/challenge-platform/h/b/orchestrate/jsch/v1'></script>"),
    "incapsula": "<html><body><iframe src='/_Incapsula_Resource?x=1'>Request unsuccessful.</iframe></body></html>",
    "captcha": page("Security check", "<form><div class='h-captcha' data-sitekey='x'></div></form>"),
    "turnstile": page("One step", "<div class='cf-turnstile'></div>"),
    "generic words": page("Wait", "<h1>Checking your browser before you proceed</h1>"),
    "press and hold": page("Access to this page has been denied", "<div id='px-captcha'></div>"),
    "proof of work": page(
        "Making sure you're not a bot!", "<img src='/.within.website/x/cmd/anubis/static/img/p.webp'>"
    ),
    "cookie and reload": "<html><script>document.cookie='a=1;path=/';location.reload();</script></html>",
    "robot": page("Are you a robot?", "<p>Please confirm.</p>"),
    "german": page("Einen Moment", "<p>Ihr Browser wird überprüft.</p>"),
    "no html around it": "<script>var kpsdk = 1</script>",
}
LOGINS = {
    "password": page("Paper", "<form><input name=u><input type=password name=p></form>"),
    "title": page("Log in - Paper", ARTICLE),
    "german": page("Anmelden", "<p>Bitte geben Sie Ihre Kennung ein.</p>"),
    "single sign-on": page(
        "Paper", "<h1>Sign in to continue</h1><form action='https://sso.paper.example/saml2'></form>"
    ),
    "hot spot": page("Wi-Fi login", "<p>Welcome to the café.</p>"),
}
PAGES = {
    "front page": page("Paper", ARTICLE + "<form action='/login'><input type='password'></form>"),
    "article with a captcha": page("Council votes", ARTICLE + "<div class='g-recaptcha'></div>"),
    "article about bots": page("Council votes", ARTICLE + "<p>Are you a robot? asked the mayor.</p>"),
    "article on logins": page("Council votes", ARTICLE + "<p>Log in to comment</p>"),
    "not found": page("Page not found", "<h1>404</h1><p>The page is gone.</p>"),
    "cookie banner": page("Paper", "<script>document.cookie='consent=1'</script><p>Welcome.</p>"),
    "parked": page("paper.example", "<p>This domain is for sale.</p>"),
}


@pytest.mark.parametrize("name", CHALLENGES)
def test_bot_challenge_is_recognised(name: str) -> None:
    assert refusal_of(CHALLENGES[name], {})[0] is Reason.BOT_CHALLENGE


def test_server_that_says_it_challenges_is_believed() -> None:
    assert refusal_of("x", {"cf-mitigated": "challenge"})[0] is Reason.BOT_CHALLENGE


@pytest.mark.parametrize("name", LOGINS)
def test_login_wall_is_recognised(name: str) -> None:
    assert refusal_of(LOGINS[name], {})[0] is Reason.LOGIN_WALL


@pytest.mark.parametrize("name", PAGES)
def test_other_page_is_a_page(name: str) -> None:
    assert refusal_of(PAGES[name], {})[0] is Reason.BODY_IS_HTML


@pytest.mark.parametrize("text", ["hello", "%PDF-1.7", '<svg xmlns="x"/>', "BEGIN:VCALENDAR"])
def test_other_format_is_no_feed(text: str) -> None:
    assert refusal_of(text, {})[0] is Reason.NOT_A_FEED


def test_detail_is_one_short_line() -> None:
    reason, detail = refusal_of(page("A\n title &amp; more " + "x" * 500, ""), {})
    assert reason is Reason.BODY_IS_HTML
    assert detail.startswith("the document is an HTML page: 'A title & more")
    assert len(detail) < 200
