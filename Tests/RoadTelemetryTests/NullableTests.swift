import Foundation
import RoadTelemetry
import Testing

@Suite struct NullableTests {
  private struct Reading: Codable, Hashable {
    var name: String
    @Nullable var metres: Double?
  }

  private func read(_ text: String) throws -> Reading {
    try JSONDecoder().decode(Reading.self, from: Data(text.utf8))
  }

  @Test("what is unknown is null and keeps its key, and comes back as it was", arguments: [nil, 1.5])
  func roundTrip(metres: Double?) throws {
    let reading = Reading(name: "ahead", metres: metres)
    let data = try JSONEncoder().encode(reading)
    let keys = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(Set(keys.keys) == ["name", "metres"])
    #expect(try JSONDecoder().decode(Reading.self, from: data) == reading)
  }

  @Test("a missing key is nil; one of another type is an error")
  func foreign() throws {
    #expect(try read(#"{"name":"ahead"}"#).metres == nil)
    #expect(try read(#"{"name":"ahead","metres":null}"#).metres == nil)
    #expect(throws: DecodingError.self) { try read(#"{"name":"ahead","metres":"far"}"#) }
  }
}
