#pragma once
// As CPlatform has it: one module must not see the system's types in two forms.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <openssl/evp.h>
