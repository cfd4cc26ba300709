EDGEPIPE ?= edgepipe
FLAGS ?= -O2 -g -Wall -Wextra
BUILD = COMPILER $(FLAGS) -Iinclude

# The library, and its hash and types in the manifest.
all: libPLUGIN_IDENTIFIER.so
	$(EDGEPIPE) plugins seal .

libPLUGIN_IDENTIFIER.so: PLUGIN_IDENTIFIER.ENDING include/edgepipe/plugin.h
	$(BUILD) -fPIC -shared -fvisibility=hidden $< -o $@

test: all
	$(BUILD) test.ENDING PLUGIN_IDENTIFIER.ENDING -o test-stage
	./test-stage
	$(EDGEPIPE) plugins check .

# The same with the address sanitizer, which also finds what is not freed.
test-leaks:
	$(BUILD) -fsanitize=address,undefined test.ENDING PLUGIN_IDENTIFIER.ENDING -o test-leaks
	./test-leaks

clean:
	rm -f libPLUGIN_IDENTIFIER.so test-stage test-leaks

.PHONY: all test clean
