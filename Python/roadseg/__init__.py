"""Road segmentation of camera frames.

>>> import numpy, roadseg
>>> segmenter = roadseg.Segmenter()
>>> result = segmenter(numpy.zeros((480, 640, 3), numpy.uint8))
>>> result.classes.shape
(480, 640)

Pictures are NumPy arrays of height x width x 3 bytes: red, green, blue, or OpenCV's blue, green, red with
``order="bgr"``. Pillow's pictures work as they are. Class maps are arrays of height x width bytes.
"""

from ._errors import RoadsegError
from ._program import evaluate, quantize
from ._recording import RecordedFrame, Recording
from ._segmenter import Result, RoadClass, Segmenter
from ._source import Frame, Source
from ._version import __version__

__all__ = [
    "Frame",
    "RecordedFrame",
    "Recording",
    "Result",
    "RoadClass",
    "RoadsegError",
    "Segmenter",
    "Source",
    "__version__",
    "evaluate",
    "quantize",
]
