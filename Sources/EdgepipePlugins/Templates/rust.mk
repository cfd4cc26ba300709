EDGEPIPE ?= edgepipe

# The library, and its hash and types in the manifest.
all:
	cargo build --release --offline
	cp target/release/libPLUGIN_IDENTIFIER.so .
	$(EDGEPIPE) plugins seal .

test: all
	cargo test --offline
	$(EDGEPIPE) plugins check .

.PHONY: all test
