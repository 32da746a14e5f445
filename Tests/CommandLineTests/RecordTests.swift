import Foundation
import Testing

/// `record` and what reads its files, as users run them.
@Suite("Recordings") struct RecordTests {
  private static func record(_ folder: String, _ arguments: [String]) throws -> Roadseg {
    try Roadseg.run(
      ["record", "synthetic", "--size", "160x120", "--rate", "60", "--model", Roadseg.model, "--output", folder]
        + arguments)
  }

  private static func object(_ json: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
  }

  /// What this machine has; the reference is always there.
  private static let instructionSets: [String] = [
    "reference", "avx2", "avxvnni", "avx512vnni", "amx", "neon", "neondot", "neoni8mm",
  ].filter {
    let result = try? Roadseg.run(
      ["live", RunTests.picture, "--model", Roadseg.model, "--json"], environment: ["ROADSEG_INSTRUCTION_SET": $0])
    return result?.status == 0
  }

  @Test("masks are verified on every instruction set and number of threads", .timeLimit(.minutes(2)))
  func verify() throws {
    try withFolder { folder in
      let recorded = try Self.record(folder, ["--frames", "12", "--raw", "--compression", "zstd"])
      #expect(recorded.status == 0, "\(recorded.errors)")
      for set in Self.instructionSets {
        for threads in ["1", "2", "3", "8"] {
          let result = try Roadseg.run(
            ["replay", folder, "--verify", "--json", "--model", Roadseg.model, "--threads", threads],
            environment: ["ROADSEG_INSTRUCTION_SET": set])
          #expect(result.status == 0, "\(set): \(result.errors)")
          let verdict = try Self.object(result.output)
          #expect(verdict["different"] as? Int == 0 && verdict["verified"] as? Int == 12, "\(result.output)")
          #expect(verdict["instruction_set"] as? String == set)
        }
      }
    }
  }

  /// The computed road under the shipped model, as in GoldenClipTests. The reference is the law, not fast: few frames.
  @Test("a recording of the shipped clip made on one instruction set holds on the others", .timeLimit(.minutes(3)))
  func shippedClip() throws {
    try withFolder { folder in
      let sets = Self.instructionSets
      for recorder in sets {
        let made = try Roadseg.run(
          ["record", "synthetic", "--frames", recorder == "reference" ? "1" : "2", "--raw", "--rate", "5"]
            + ["--output", "\(folder)/\(recorder)"], environment: ["ROADSEG_INSTRUCTION_SET": recorder])
        #expect(made.status == 0, "\(recorder): \(made.errors)")
        for verifier in sets where verifier != recorder {
          let result = try Roadseg.run(
            ["replay", "\(folder)/\(recorder)", "--verify", "--json"],
            environment: ["ROADSEG_INSTRUCTION_SET": verifier])
          #expect(result.status == 0, "\(recorder) on \(verifier): \(result.errors)")
          #expect(try Self.object(result.output)["different"] as? Int == 0)
        }
      }
    }
  }

  /// One digit of a recorded hash, with the chunk's checksum given up (0: not known), as if the mask had been another.
  private static func changeHash(number wanted: Int, in path: String) throws {
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    func number(at place: Int) -> Int { (0..<8).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) } }
    let key = Array("\"mask_hash\":\"".utf8)
    var (position, seen) = (8, 0)
    while position + 9 <= bytes.count {
      let end = position + 9 + number(at: position + 1)
      if bytes[position] == 6 {
        for place in position..<end - key.count where bytes[place..<place + key.count].elementsEqual(key) {
          seen += 1
          guard seen == wanted else { continue }
          bytes[place + key.count] =
            bytes[place + key.count] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
          for index in 0..<4 { bytes[position + 9 + 24 + index] = 0 }
          return try Data(bytes).write(to: URL(filePath: path))
        }
      }
      position = end
    }
    Issue.record("\(path) holds \(seen) hashes")
  }

  @Test("the first mask that differs is named, exit code 1")
  func differingFrame() throws {
    try withFolder { folder in
      #expect(try Self.record(folder, ["--frames", "12", "--raw"]).status == 0)
      let file = "\(folder)/" + (try #require(files(below: folder).first { $0.hasSuffix(".mcap") }))
      try Self.changeHash(number: 5, in: file)
      try Self.changeHash(number: 9, in: file)
      let verify = ["replay", folder, "--verify", "--model", Roadseg.model]
      let result = try Roadseg.run(verify + ["--json"])
      #expect(result.status == 1)
      let verdict = try Self.object(result.output)
      #expect(verdict["different"] as? Int == 2 && verdict["verified"] as? Int == 10, "\(result.output)")
      let first = try #require(verdict["first_difference"] as? [String: Any])
      let ordinal = try #require(first["ordinal"] as? Int)
      #expect(first["recorded"] as? String != first["computed"] as? String)
      // The records stand in the order of the frames, so it is the fifth with a mask.
      #expect(result.errors.contains("frame \(ordinal): its mask was"), "\(result.errors)")
      let text = try Roadseg.run(verify)
      #expect(text.status == 1 && text.output.contains("10 of 12 masks verified") && text.output.contains("2 differ"))
    }
  }

  @Test("a mask that is not what it was is told with its frame")
  func difference() throws {
    try withFolder { folder in
      #expect(try Self.record(folder, ["--frames", "12", "--raw"]).status == 0)
      let file = try #require(files(below: folder).first { $0.hasSuffix(".mcap") })
      var bytes = try Data(contentsOf: URL(filePath: "\(folder)/\(file)"))
      let place = try #require(bytes.range(of: Data("\"mask_hash\":\"".utf8))).upperBound
      bytes[place] = bytes[place] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
      try bytes.write(to: URL(filePath: "\(folder)/\(file)"))
      // The chunk's checksum tells that something is wrong; inspect and recover say so.
      #expect(try Roadseg.run(["inspect", folder]).status == 1)
      #expect(try Roadseg.run(["recover", folder]).output.contains("1 damaged ranges"))
      #expect(try Roadseg.run(["inspect", folder]).status == 0)
    }
  }

  /// Pictures of a recording; frames that came while the network was busy have one, too.
  private static func pictures(_ path: String) throws -> Int {
    let summary = try object(try Roadseg.run(["inspect", path, "--json"]).output)
    let topics = try #require(summary["topics"] as? [[String: Any]])
    return try #require(topics.first { $0["name"] as? String == "/camera/image" }?["messages"] as? Int)
  }

  @Test("a recording is a source of every command that reads frames")
  func everyCommand() throws {
    try withFolder { folder in
      #expect(try Self.record("\(folder)/rec", ["--frames", "8", "--raw"]).status == 0)
      let name = try #require(files(below: "\(folder)/rec").first { $0.hasSuffix(".mcap") })
      let count = try Self.pictures("\(folder)/rec")
      for source in ["\(folder)/rec/\(name)", "\(folder)/rec"] {
        let output = "\(folder)/out-\(source.hasSuffix("mcap"))"
        let run = try Roadseg.run(["run", source, "--output", output, "--model", Roadseg.model])
        #expect(run.status == 0 && files(below: "\(output)/classes").count == count, "\(run.errors)")
        let live = try Roadseg.run(["live", source, "--model", Roadseg.model, "--json", "--rate", "200"])
        #expect(live.status == 0, "\(live.errors)")
        let quantized = try Roadseg.run([
          "quantize", Roadseg.golden("RoadQuantizerTests/Goldens/float.onnx"), "--calibration", source, "--pictures",
          "4", "--output", "\(output)/int8.onnx", "--json",
        ])
        #expect(quantized.status == 0, "\(quantized.errors)")
        #expect(try Self.object(quantized.output)["pictures"] as? Int == 4)
        let profile = try Roadseg.run([
          "profile", "--input", source, "--model", Roadseg.model, "--frames", "6", "--warm-up", "0", "--json",
        ])
        #expect(profile.status == 0, "\(profile.errors)")
        #expect(profile.output.contains("\"width\":160"))
        // The model's own masks as labels.
        let agreement = try Roadseg.run(["evaluate", "--images", source, "--model", Roadseg.model, "--json"])
        #expect(agreement.status == 0, "\(agreement.errors)")
        #expect(agreement.errors.contains("agreement is scored"))
        #expect(try Self.object(agreement.output)["pixel_accuracy"] as? Double == 1)
        #expect(try Self.object(agreement.output)["pictures"] as? Int == 8)
      }
    }
  }

  @Test("label files of a recording's frames, by their numbers")
  func labelFiles() throws {
    try withFolder { folder in
      #expect(try Self.record("\(folder)/rec", ["--frames", "8", "--raw"]).status == 0)
      #expect(
        try Roadseg.run(["export", "\(folder)/rec", "--to", "masks", "--output", "\(folder)/labels"]).status == 0)
      let labels = files(below: "\(folder)/labels")
      let count = try Self.pictures("\(folder)/rec")
      for label in labels.dropFirst(3) { try FileManager.default.removeItem(atPath: "\(folder)/labels/\(label)") }
      let evaluate = ["evaluate", "--images", "\(folder)/rec", "--model", Roadseg.model, "--json", "--labels"]
      let result = try Roadseg.run(evaluate + ["\(folder)/labels"])
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors.contains("3 of \(count) frames have a label") || count == 3, "\(result.errors)")
      #expect(try Self.object(result.output)["pictures"] as? Int == 3)
      #expect(try Self.object(result.output)["pixel_accuracy"] as? Double == 1)
      try FileManager.default.createDirectory(atPath: "\(folder)/other", withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        atPath: "\(folder)/labels/\(labels[0])", toPath: "\(folder)/other/frame-900000.png")
      let none = try Roadseg.run(evaluate + ["\(folder)/other"])
      #expect(none.status == 1 && none.errors.contains("no label for any of the \(count) frames"), "\(none.errors)")
    }
  }

  @Test("a recording tells the model's name and hash, not where it lies")
  func noLocalPath() throws {
    try withFolder { folder in
      #expect(try Self.record("\(folder)/rec", ["--frames", "2", "--raw"]).status == 0)
      let result = try Roadseg.run(["inspect", "\(folder)/rec", "--json"])
      let run = try #require(try Self.object(result.output)["run"] as? [String: String])
      #expect(run["model_file"] == "whole-int8.onnx" && run["model_sha256"]?.count == 64, "\(run)")
      let name = try #require(files(below: "\(folder)/rec").first { $0.hasSuffix(".mcap") })
      let bytes = try Data(contentsOf: URL(filePath: "\(folder)/rec/\(name)"))
      #expect(bytes.range(of: Data(Roadseg.model.utf8)) == nil)
      // Beside the recording it is found again; elsewhere it has to be named.
      let lost = try Roadseg.run(["replay", "\(folder)/rec", "--verify"])
      #expect(lost.status == 1 && lost.errors.contains("--model"), "\(lost.errors)")
      try FileManager.default.copyItem(atPath: Roadseg.model, toPath: "\(folder)/rec/whole-int8.onnx")
      #expect(try Roadseg.run(["replay", "\(folder)/rec", "--verify"]).status == 0)
    }
  }

  /// Bytes of pictures from the camera to AVI are the same; ranges and strides count frames.
  @Test("what export writes can be read by others")
  func exports() throws {
    try withFolder { folder in
      #expect(try Self.record("\(folder)/rec", ["--frames", "8"]).status == 0)
      func export(_ kind: String, _ arguments: [String] = []) throws -> [String: Any] {
        let result = try Roadseg.run(
          ["export", "\(folder)/rec", "--to", kind, "--output", "\(folder)/\(kind)", "--json"] + arguments)
        #expect(result.status == 0, "\(kind): \(result.errors)")
        return try Self.object(result.output)
      }
      let count = try Self.pictures("\(folder)/rec")
      #expect(try export("pictures")["written"] as? Int == count)
      let pictures = files(below: "\(folder)/pictures").filter { $0.hasSuffix(".jpg") }
      let table = try String(contentsOfFile: "\(folder)/pictures/frames.csv", encoding: .utf8).split(separator: "\n")
      #expect(pictures.count == count && table.count >= 9 && table[0].hasPrefix("ordinal,count,fate"))
      #expect(try export("avi")["written"] as? Int == count)
      let avi = try Data(contentsOf: URL(filePath: "\(folder)/avi"))
      #expect(avi.prefix(4) == Data("RIFF".utf8) && avi[8..<12] == Data("AVI ".utf8))
      for picture in pictures {
        #expect(avi.range(of: try Data(contentsOf: URL(filePath: "\(folder)/pictures/\(picture)"))) != nil)
      }
      #expect(try export("y4m", ["--every", "2"])["written"] as? Int == (count + 1) / 2)
      let y4m = try Data(contentsOf: URL(filePath: "\(folder)/y4m"))
      #expect(y4m.starts(with: Data("YUV4MPEG2 W160 H120 F".utf8)))
      #expect(try export("masks", ["--every", "3"])["written"] as? Int == 3)
      #expect(try export("overlays", ["--start", "0", "--end", "1h"])["written"] as? Int == 8)
      let none = try Roadseg.run(
        ["export", "\(folder)/rec", "--to", "masks", "--output", "\(folder)/none", "--start", "1h"])
      #expect(none.status == 1 && none.errors.contains("nothing was exported"), "\(none.errors)")
    }
  }

  /// Two triggers close to each other are one recording with one pre-roll and one post-roll.
  @Test("triggers by signal, file and request join", .timeLimit(.minutes(1)), arguments: ["signal", "file", "http"])
  func triggers(kind: String) throws {
    try withFolder { folder in
      let fire =
        switch kind {
        case "signal": "kill -USR1 $pid"
        case "file": "date +%N >>\(folder)/now"
        default: "exec 3<>/dev/tcp/127.0.0.1/$port; printf 'POST /trigger HTTP/1.1\\r\\n\\r\\n' >&3; exec 3>&-"
        }
      let script = """
        port=$((20000 + RANDOM % 20000))
        "$0" "$@" --trigger-port $port >\(folder)/log 2>&1 & pid=$!
        until [ -e \(folder)/rec/.lock ]; do sleep 0.02; done; sleep 1.5
        ls \(folder)/rec/*.mcap 2>/dev/null && echo early
        \(fire); sleep 0.3; \(fire); sleep 2.2
        kill -TERM $pid; wait $pid; echo $?; cat \(folder)/log
        """
      let result = try Roadseg.run(
        program: "/bin/bash",
        ["-c", script, Roadseg.binary, "record", "synthetic", "--size", "160x120", "--rate", "50", "--json"]
          + ["--model", Roadseg.model, "--output", "\(folder)/rec", "--threads", "1", "--chunk-time", "50ms"]
          + ["--trigger", kind, "--trigger-file", "\(folder)/now", "--pre-roll", "500ms", "--post-roll", "600ms"])
      #expect(result.outputLines.first == "0", "\(result.output)\(result.errors)")
      let inspected = try Roadseg.run(["inspect", "\(folder)/rec", "--json"])
      #expect(inspected.status == 0, "\(inspected.errors)")
      let summary = try Self.object(inspected.output)
      #expect((summary["files"] as? [Any])?.count == 1)
      let seconds = try #require(summary["seconds"] as? Double)
      // 0.5 s before, 0.3 s between, 0.6 s after, and what a loaded machine adds; not all the time that it ran.
      #expect(seconds > 1.2 && seconds < 2.6, "\(seconds) s")
      let last = try Self.object(try #require(result.outputLines.last { $0.hasPrefix("{") }))
      let recorder = try #require(last["recorder"] as? [String: Any])
      #expect(recorder["triggers"] as? Int == 2, "\(recorder)")
    }
  }

  @Test("SIGHUP takes over what can be changed, and says what cannot", .timeLimit(.minutes(1)))
  func reload() throws {
    try withFolder { folder in
      let profile = "\(folder)/box.yaml"
      let lines = ["camera:", "  source: synthetic", "  size: 160x120", "record:", "  output: \(folder)/rec"]
      try (lines + ["  masks-every: 1", "  segment-time: 1h\n"]).joined(separator: "\n")
        .write(toFile: profile, atomically: true, encoding: .utf8)
      // setsid: without a terminal, as a service.
      let script = """
        setsid "$0" record --profile \(profile) --model \(Roadseg.model) --threads 1 --json >\(folder)/log 2>&1 & pid=$!
        until ls \(folder)/rec/road-*.mcap >/dev/null 2>&1; do sleep 0.02; done
        sed -i 's/masks-every: 1/masks-every: 0/; s/1h/200ms/; s/160x120/320x240/' \(profile); kill -HUP $pid; sleep 1.5
        echo "record: {unknown: 1}" >\(profile); kill -HUP $pid; sleep 0.5
        kill -TERM $pid; wait $pid; echo $?; cat \(folder)/log
        """
      let result = try Roadseg.run(program: "/bin/bash", ["-c", script, Roadseg.binary])
      #expect(result.outputLines.first == "0", "\(result.output)\(result.errors)")
      #expect(result.output.contains("reloaded: record.masks-every 1 → 0, record.segment-time 1h → 200ms"))
      #expect(result.output.contains("needs a restart: camera.size 160x120 → 320x240"), "\(result.output)")
      #expect(result.output.contains("not reloaded"), "\(result.output)")
      #expect(files(below: "\(folder)/rec").filter { $0.hasSuffix(".mcap") }.count > 1)
      #expect(try Roadseg.run(["inspect", "\(folder)/rec"]).status == 0)
    }
  }

  @Test("a recording is a source and can be exported")
  func sources() throws {
    try withFolder { folder in
      #expect(try Self.record("\(folder)/rec", ["--frames", "8"]).status == 0)
      let name = try #require(files(below: "\(folder)/rec").first { $0.hasSuffix(".mcap") })
      let file = "\(folder)/rec/\(name)"
      let run = try Roadseg.run(["run", file, "--output", "\(folder)/run", "--model", Roadseg.model])
      #expect(run.status == 0, "\(run.errors)")
      let live = try Roadseg.run(["live", file, "--model", Roadseg.model, "--json"])
      #expect(live.status == 0, "\(live.errors)")
      for kind in ["avi", "y4m", "pictures", "masks", "overlays"] {
        let result = try Roadseg.run(["export", file, "--to", kind, "--output", "\(folder)/\(kind)"])
        #expect(result.status == 0, "\(kind): \(result.errors)")
      }
      #expect(files(below: "\(folder)/overlays").count == 8)
      let stream = try Roadseg.run(
        ["run", "\(folder)/y4m", "--output", "\(folder)/again", "--model", Roadseg.model])
      #expect(stream.status == 0, "\(stream.errors)")
    }
  }
}
