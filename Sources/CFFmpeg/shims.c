// C sources are required by the package manager; the shims are inline.
#include "CFFmpeg.h"
