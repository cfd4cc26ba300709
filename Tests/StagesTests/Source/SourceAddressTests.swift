import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Stages

@Suite struct SourceAddressTests {
  private func fault(_ url: String) -> PipelineError? {
    do throws(PipelineError) {
      try AddressCheck.check(url)
      return nil
    } catch { return error }
  }

  @Test(arguments: [
    "rtsp://admin:a#b@host/", "rtsp://admin:a#b@host:554/1", "rtsp://admin:1#b@host/", "rtsp://admin:a/b@host/",
    "rtsp://admin:a?b@host/1", "rtsp://admin:12?b@host/1", "rtsp://ad#min:b@host/", "http://u:p#@h/x",
    "rtsps://u:/p@h/x",
  ])
  func `given a password that ends the host, when checked, then the error says how it is written and hides it`(
    url: String
  )
    throws
  {
    let error = try #require(fault(url))
    #expect(error.exit == .config)
    for text in ["%23", "%2F", "%3F", "${NAME}"] { #expect(error.description.contains(text)) }
    #expect(!error.description.contains("a#b") && !error.description.contains("b@host"))
  }

  @Test(arguments: [
    ("rtsp://host:abc/", "port"), ("rtsp://host:99999/", "port"), ("http://host:0/", "port"),
    ("rtsp:///cam", "no host"),
    ("rtsp://u:p@/cam", "no host"), ("rtsp://fe80::1/cam", "brackets"), ("rtsp://[::1]:x/cam", "port"),
    ("rtsp://host/a\r\nX: y", "line break"),
  ])
  func `given an address that nobody can connect to, when checked, then the error names the part`(
    url: String, word: String
  ) throws {
    #expect(try #require(fault(url)).description.contains(word))
  }

  @Test(arguments: [
    "rtsp://host/", "rtsp://host:554/1", "rtsp://u:p@host:554/1", "rtsp://u:p@ss@host/1", "rtsp://u:a:b@host/1",
    "rtsp://u:a%23b@host/", "rtsp://u:100%@host/", "rtsp://u:a b@host/", "rtsp://u@host/", "rtsp://[::1]:554/x",
    "rtsp://u:p@[fe80::1%25eth0]/x", "rtsp://host:554/user@cam", "rtsp://host/snap@2x?a=b@c", "http://host:8080/a#b",
    "srt://host:9000?passphrase=a@b", "srt://:9000?mode=listener", "udp://@239.0.0.1:5000", "udp://:5000",
    "rtsp://host:/1",
    "rtsp://host/user=admin&password=a@b&channel=1", "rtsp://admin:***@host/", "street.mp4", "/dev/video0",
    "file:///a:b#c@d.mp4", "a:b@c.mp4", "unknown://x:y",
  ])
  func `given an address that can be read, or a file, when checked, then nothing is said`(url: String) {
    #expect(fault(url) == nil)
  }
}
