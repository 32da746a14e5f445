// The words of statistics: `words` for people, `key` for JSON and metrics. They never change, since programs read them.

extension FrameFate {
  public var words: String {
    switch self {
    case .shown: "shown"
    case .superseded: "superseded"
    case .drained: "drained"
    case .lostInDriver: "lost in the driver"
    case .driverError: "driver errors"
    case .truncated: "truncated"
    case .undecodable: "undecodable"
    case .wrongSize: "wrong size"
    case .unfinished: "unfinished"
    case .late: "too late"
    }
  }

  public var key: String {
    switch self {
    case .shown: "shown"
    case .superseded: "superseded"
    case .drained: "drained"
    case .lostInDriver: "lost_in_driver"
    case .driverError: "driver_error"
    case .truncated: "truncated"
    case .undecodable: "undecodable"
    case .wrongSize: "wrong_size"
    case .unfinished: "unfinished"
    case .late: "late"
    }
  }
}

extension PipelineStage {
  public var words: String {
    switch self {
    case .dequeue: "dequeue"
    case .wait: "wait"
    case .decode: "decode"
    case .scale: "scale"
    case .network: "network"
    case .classMap: "class map"
    case .refine: "refine"
    case .draw: "draw"
    case .output: "output"
    }
  }

  public var key: String { self == .classMap ? "class_map" : words }
}

extension SinkFailure {
  public var words: String {
    switch self {
    case .diskFull: "disk full"
    case .readOnly: "read only"
    case .noPermission: "no permission"
    case .gone: "gone"
    case .inputOutput: "input or output error"
    case .other: "other"
    }
  }

  public var key: String {
    switch self {
    case .diskFull: "disk_full"
    case .readOnly: "read_only"
    case .noPermission: "no_permission"
    case .gone: "gone"
    case .inputOutput: "input_output"
    case .other: "other"
    }
  }
}

extension SinkHealth {
  public var key: String {
    switch self {
    case .starting: "starting"
    case .ok: "ok"
    case .stuck: "stuck"
    case .failing: "failing"
    case .stopped: "stopped"
    }
  }
}
