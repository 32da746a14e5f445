#!/bin/sh
# Makes Goldens/: three frames of a moving test pattern as ffmpeg writes them to a pipe.
# Needs ffmpeg; run in this folder.
set -eu
cd "$(dirname "$0")/Goldens"
pattern="-v error -y -f lavfi -i testsrc=size=34x18:rate=12:duration=0.25 -bitexact"
ffmpeg $pattern -f mjpeg -q:v 4 pattern.mjpeg
ffmpeg $pattern -pix_fmt yuv420p -f yuv4mpegpipe pattern-420.y4m
ffmpeg $pattern -pix_fmt yuv422p -f yuv4mpegpipe pattern-422.y4m
ffmpeg $pattern -pix_fmt gray -f yuv4mpegpipe pattern-mono.y4m
ffmpeg $pattern -pix_fmt yuv444p -f yuv4mpegpipe pattern-444.y4m
ffmpeg $pattern -q:v 4 frame-%d.jpg
