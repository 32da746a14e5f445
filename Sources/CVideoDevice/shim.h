// V4L2 numbers that Swift cannot import (function-like macros) and the doors of libv4l2. No logic.
#pragma once
#include <libv4l2.h>
#include <linux/videodev2.h>
