"""The entity tagger of our own: a linear-chain CRF over word-type features, decoded with numpy."""
