// The declarations are all there is: this file only makes the compiler check them.
#include "CMosquitto.h"
