#include "BPFABI.h"
