"""The contract: what each record on the log means. The models are the source; JSON Schema files are made from them."""
