#ifndef EDGEPIPE_PLUGIN_H
#define EDGEPIPE_PLUGIN_H
#include <stdint.h>
typedef uint32_t edgepipe_abi_version;
#endif
