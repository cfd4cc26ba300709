import EdgepipeCore
import Testing

@testable import EdgepipeRemote

struct ServerAddressTests {
  @Test func givenAddressesWhenReadThenWayPortAndPathAreKnown() throws {
    let plain = try ServerAddress("http://10.0.0.2:9000/triton/")
    #expect((plain.way, plain.host, plain.port, plain.path, plain.isTLS) == (.http, "10.0.0.2", 9000, "/triton", false))
    let safe = try ServerAddress("grpcs://edge.example")
    #expect((safe.way, safe.host, safe.port, safe.isTLS) == (.grpc, "edge.example", 8001, true))
    #expect(try ServerAddress("https://h").port == 443)
    #expect(try ServerAddress("http://[::1]:1").host == "::1")
  }

  @Test(arguments: [
    "", "10.0.0.2:8000", "ftp://h", "http://", "http://h:0", "grpc://h/path", "http://h?a=1", "http://h#f",
    "http://user:geheim@h",
  ])
  func givenWhatIsNoServersAddressWhenReadThenTheErrorSaysHowToWriteOneAndHidesSecrets(text: String) {
    let error = #expect(throws: PipelineError.self) { try ServerAddress(text) }
    #expect(error?.code == .invalidConfiguration)
    #expect(error?.description.contains("geheim") == false)
  }
}
