/// The JSON of `roadseg profile --json`, as a JSON Schema (draft 2020-12).
public enum ProfileSchema {
  public static let text = """
    {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "roadseg profile",
      "type": "object",
      "required": ["format_version", "model", "frame_size", "frame_format", "input_size", "threads", "instruction_set",
        "frames", "repetitions", "peak", "bandwidth", "conditions", "stages", "layers", "memory", "camera_to_overlay",
        "total", "network_giga_multiply_accumulates", "network_share_of_peak"],
      "properties": {
        "format_version": {"const": 1},
        "model": {"type": "string"},
        "model_sha256": {"type": "string"},
        "source": {"type": "string"},
        "synthetic": {"type": "boolean"},
        "version": {"type": "string"},
        "time": {"type": "string", "description": "wall clock, UTC"},
        "monotonic_seconds": {"type": "number"},
        "frame_size": {"$ref": "#/$defs/size"},
        "frame_format": {"enum": ["mjpeg", "yuyv"]},
        "preparation": {"enum": ["pictures", "planes", "scaled-planes"]},
        "input_size": {"$ref": "#/$defs/size"},
        "threads": {"type": "integer", "minimum": 1},
        "instruction_set": {"type": "string"},
        "frames": {"type": "integer", "minimum": 1},
        "repetitions": {"type": "integer", "minimum": 1},
        "peak": {"type": "object", "required": ["giga_multiply_accumulates", "threads", "instruction_set",
          "spread", "is_sure"]},
        "bandwidth": {"type": "object",
          "required": ["level_two_gigabytes", "memory_gigabytes", "level_two_bytes"]},
        "conditions": {"type": "object", "required": ["doubts"],
          "properties": {"doubts": {"type": "array", "items": {"type": "string"}}}},
        "stages": {"type": "array", "items": {"type": "object", "required": ["name", "milliseconds"],
          "properties": {"name": {"type": "string"}, "milliseconds": {"$ref": "#/$defs/times"}}}},
        "layers": {"type": "array", "items": {"type": "object",
          "required": ["description", "milliseconds", "giga_multiply_accumulates", "share_of_peak", "gigabytes", \
          "roofline"],
          "properties": {"milliseconds": {"$ref": "#/$defs/times"},
            "roofline": {"type": "object", "required": ["intensity", "bound", "share_of_bound"],
              "properties": {"bound": {"enum": ["compute", "l2", "memory"]}}}}}},
        "memory": {"type": "object"},
        "camera_to_overlay": {"$ref": "#/$defs/times"},
        "total": {"$ref": "#/$defs/times"},
        "network_giga_multiply_accumulates": {"type": "number"},
        "network_share_of_peak": {"type": "number"},
        "unquantized_layers": {"type": "array", "items": {"type": "string"}},
        "deadline": {"type": "object", "required": ["budget_milliseconds", "misses", "misses_by_stage"]},
        "counters": {"type": "object", "required": ["cycles_per_frame", "instructions_per_frame",
          "cache_misses_per_frame", "instructions_per_cycle"]}
      },
      "$defs": {
        "size": {"type": "object", "required": ["width", "height"]},
        "times": {"description": "milliseconds",
          "type": "object",
          "required": ["median", "p90", "p99", "p999", "maximum", "jitter", "low", "high"],
          "additionalProperties": {"type": "number", "minimum": 0}}
      }
    }
    """
}
