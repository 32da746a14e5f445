import CRoadseg
import RoadBase
import RoadSeg

// The functions of roadseg.h, in its order. Each checks the caller's pointers, finds the object, and turns errors into
// a status and a message.

private let versionText = CText(SoftwareVersion.text)

@_cdecl("roadseg_version")
public func version() -> UnsafePointer<CChar> { UnsafePointer(versionText.bytes) }

@_cdecl("roadseg_abi")
public func abi() -> UInt32 { UInt32(ROADSEG_ABI) }

@_cdecl("roadseg_open")
public func open(
  _ model: UnsafePointer<CChar>?, _ options: UnsafePointer<roadseg_options>?,
  _ segmenter: UnsafeMutablePointer<OpaquePointer?>?
) -> roadseg_status {
  guard let segmenter else { return failure(ROADSEG_BAD_ARGUMENT, "no place for the segmenter") }
  segmenter.pointee = nil
  guard let options = known(options, atLeast: roadseg_options.firstSize) else {
    return failure(ROADSEG_BAD_ARGUMENT, "no options, or of another size: use ROADSEG_OPTIONS")
  }
  return reporting { () throws(RoadError) in
    let name = model.map { String(cString: $0) } ?? ShippedModels.defaultName
    segmenter.pointee = try SegmenterHandle(model: name, options).pointer
    return ROADSEG_OK
  }
}

@_cdecl("roadseg_close")
public func close(_ segmenter: OpaquePointer?) { SegmenterHandle.release(segmenter) }

@_cdecl("roadseg_class_count")
public func classCount(_ segmenter: OpaquePointer?) -> Int32 {
  Int32(SegmenterHandle.from(segmenter)?.classes.count ?? 0)
}

@_cdecl("roadseg_class_at")
public func classAt(
  _ segmenter: OpaquePointer?, _ index: Int32, _ out: UnsafeMutablePointer<roadseg_class>?
) -> roadseg_status {
  guard let handle = SegmenterHandle.from(segmenter), let out, hasRoom(out),
    handle.classes.indices.contains(Int(index))
  else { return failure(ROADSEG_BAD_ARGUMENT, "class \(index) of no segmenter, or out of range, or no place for it") }
  let (name, entry) = handle.classes[Int(index)]
  out.pointee.name = UnsafePointer(name.bytes)
  (out.pointee.red, out.pointee.green, out.pointee.blue) = (entry.colour.red, entry.colour.green, entry.colour.blue)
  out.pointee.is_road = index == Int32(handle.road) ? 1 : 0
  return ROADSEG_OK
}

@_cdecl("roadseg_terms")
public func terms(_ segmenter: OpaquePointer?) -> UnsafePointer<CChar>? {
  SegmenterHandle.from(segmenter)?.terms.map { UnsafePointer($0.bytes) }
}

@_cdecl("roadseg_input_size")
public func inputSize(
  _ segmenter: OpaquePointer?, _ width: UnsafeMutablePointer<Int32>?, _ height: UnsafeMutablePointer<Int32>?
) -> roadseg_status {
  guard let handle = SegmenterHandle.from(segmenter) else { return failure(ROADSEG_BAD_ARGUMENT, "no segmenter") }
  width?.pointee = Int32(handle.inputSize.width)
  height?.pointee = Int32(handle.inputSize.height)
  return ROADSEG_OK
}

@_cdecl("roadseg_model_hash")
public func modelHash(_ segmenter: OpaquePointer?) -> UnsafePointer<CChar>? {
  SegmenterHandle.from(segmenter).map { UnsafePointer($0.modelHash.bytes) }
}

@_cdecl("roadseg_instruction_set")
public func instructionSet(_ segmenter: OpaquePointer?) -> UnsafePointer<CChar>? {
  SegmenterHandle.from(segmenter).map { UnsafePointer($0.instructionSet.bytes) }
}

@_cdecl("roadseg_segment")
public func segment(
  _ segmenter: OpaquePointer?, _ frame: UnsafePointer<roadseg_frame>?, _ output: UnsafePointer<roadseg_output>?,
  _ timings: UnsafeMutablePointer<roadseg_timings>?
) -> roadseg_status {
  guard let handle = SegmenterHandle.from(segmenter), let frame = known(frame), let output = known(output),
    timings == nil || hasRoom(timings, atLeast: roadseg_timings.firstSize)
  else { return failure(ROADSEG_BAD_ARGUMENT, "no segmenter, frame or output, or a struct of another size") }
  return handle.exclusively { () throws(RoadError) in try handle.segment(frame, output, timings) }
}

@_cdecl("roadseg_source_open")
public func sourceOpen(
  _ name: UnsafePointer<CChar>?, _ options: UnsafePointer<roadseg_source_options>?,
  _ source: UnsafeMutablePointer<OpaquePointer?>?
) -> roadseg_status {
  guard let source else { return failure(ROADSEG_BAD_ARGUMENT, "no place for the source") }
  source.pointee = nil
  guard options == nil || known(options) != nil else {
    return failure(ROADSEG_BAD_ARGUMENT, "options of another size: set its first member to sizeof")
  }
  return reporting { () throws(RoadError) in
    source.pointee = try SourceHandle(name: name.map { String(cString: $0) }, known(options)).pointer
    return ROADSEG_OK
  }
}

@_cdecl("roadseg_source_close")
public func sourceClose(_ source: OpaquePointer?) { SourceHandle.release(source) }

@_cdecl("roadseg_source_describe")
public func sourceDescribe(
  _ source: OpaquePointer?, _ out: UnsafeMutablePointer<roadseg_source_properties>?
) -> roadseg_status {
  guard let handle = SourceHandle.from(source), let out, hasRoom(out) else {
    return failure(ROADSEG_BAD_ARGUMENT, "no source, or no place for its properties")
  }
  return handle.exclusively { () throws(RoadError) in
    handle.describe(out)
    return ROADSEG_OK
  }
}

@_cdecl("roadseg_source_read")
public func sourceRead(
  _ source: OpaquePointer?, _ milliseconds: UInt32, _ out: UnsafeMutablePointer<roadseg_frame>?
) -> roadseg_status {
  guard let handle = SourceHandle.from(source), let out, hasRoom(out) else {
    return failure(ROADSEG_BAD_ARGUMENT, "no source, or no place for the frame")
  }
  return handle.exclusively { () throws(RoadError) in try handle.read(timeout: milliseconds, out) }
}
