// V4L2 numbers that Swift cannot import (function-like macros) and the doors of libv4l2 (variadic functions). No logic.
#pragma once
#include <fcntl.h>
#include <libv4l2.h>
#include <linux/videodev2.h>
#include <sys/ioctl.h>

static const unsigned long VideoQueryCapability = VIDIOC_QUERYCAP;
static const unsigned long VideoEnumerateFormats = VIDIOC_ENUM_FMT;
static const unsigned long VideoEnumerateSizes = VIDIOC_ENUM_FRAMESIZES;
static const unsigned long VideoEnumerateIntervals = VIDIOC_ENUM_FRAMEINTERVALS;
static const unsigned long VideoSetFormat = VIDIOC_S_FMT;
static const unsigned long VideoGetControl = VIDIOC_G_CTRL;
static const unsigned long VideoGetParameters = VIDIOC_G_PARM;
static const unsigned long VideoSetParameters = VIDIOC_S_PARM;
static const unsigned long VideoRequestBuffers = VIDIOC_REQBUFS;
static const unsigned long VideoQueryBuffer = VIDIOC_QUERYBUF;
static const unsigned long VideoQueueBuffer = VIDIOC_QBUF;
static const unsigned long VideoDequeueBuffer = VIDIOC_DQBUF;
static const unsigned long VideoStreamOn = VIDIOC_STREAMON;
static const unsigned long VideoStreamOff = VIDIOC_STREAMOFF;

static inline int video_kernel_ioctl(int descriptor, unsigned long request, void *argument) {
  return ioctl(descriptor, request, argument);
}
static inline int video_ioctl(int descriptor, unsigned long request, void *argument) {
  return v4l2_ioctl(descriptor, request, argument);
}
static inline void video_log_to(FILE *file) { v4l2_log_file = file; }
