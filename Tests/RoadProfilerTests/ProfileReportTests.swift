import Foundation
import FoundationXML
import RoadBase
import RoadProfiler
import RoadTestSupport
import Testing

@Suite("Profiles as files") struct ProfileReportTests {
  @Test("a profile written and read again is the same")
  func roundTrip() throws {
    let profile = try SampleProfile.profile()
    let again = try SampleProfile.read(ProfileFile.json(profile))
    let written = try ProfileFile.json(profile)
    #expect(try ProfileFile.json(again) == written)
  }

  @Test(
    "what is no profile gets one message with cause and remedy",
    arguments: ["", "[]", "{}", "{\"format_version\": 1}", "\u{0}\u{1}", String(repeating: "[", count: 5000)])
  func damaged(text: String) throws {
    let error = thrown(RoadError.self) { try SampleProfile.read(text) }
    #expect(error?.description.contains("is no profile") == true)
    #expect(error?.remedy.isEmpty == false)
  }

  @Test("a profile of another format says so")
  func otherFormat() throws {
    let text = SampleProfile.json().replacing("\"format_version\": 1", with: "\"format_version\": 2")
    let error = thrown(RoadError.self) { try SampleProfile.read(text) }
    #expect(error?.cause.contains("format 2") == true)
  }

  @Test("the table has a row for each stage, the frame and each layer, all with as many cells")
  func table() throws {
    let lines = ProfileCSV.text(try SampleProfile.profile()).split(separator: "\n")
    #expect(lines.count == 1 + 2 + 1 + 2)
    #expect(lines[4].hasPrefix("layer,\"conv,1\","))
    let columns = lines[0].split(separator: ",").count
    for line in lines {
      #expect(
        line.replacing("conv,1", with: "").split(separator: ",", omittingEmptySubsequences: false).count == columns)
    }
  }

  @Test("the page is well-formed, stands alone, and escapes what models call themselves")
  func page() throws {
    var profile = try SampleProfile.profile(first: "<script>&")
    profile.model = "a<b"
    let frames = (0..<500).map { [UInt64(1_000_000), UInt64(2_000_000 + $0 * 1000)] }
    let page = ProfileReport.html(
      FrameMeasurement(profile: profile, stageNames: ["decode JPEG", "network"], frames: frames))
    let body = try #require(page.firstRange(of: "<body>"))
    let parser = XMLParser(data: Data(page[body.lowerBound...].replacing("</html>", with: "").utf8))
    #expect(parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "")")
    #expect(!page.contains("<script"))
    #expect(!page.contains("http"))
    #expect(page.contains("a&lt;b"))
  }
}
