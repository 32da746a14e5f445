// Who imports RoadSeg gets the types that its interface speaks of.
@_exported import RoadBase
@_exported import RoadCamera
@_exported import RoadFrame
@_exported import RoadMask
@_exported import RoadOverlay
@_exported import RoadPipeline
@_exported import RoadSegmentation
@_exported import RoadSink
@_exported import RoadTelemetry
