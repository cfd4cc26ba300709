import EdgepipeCore
import PipelineTestSupport
import Testing

@testable import EdgepipeOutputs

struct SharedLibraryTests {
  private static let name = LibraryName(file: "libnone.so.9", variable: "EDGEPIPE_NONE", package: "libnone9")

  @Test func givenALibraryThatIsNotThere_whenOpened_thenTheErrorSaysHowToGetIt() throws {
    let error = try #require(throws: PipelineError.self) {
      try SharedLibrary<Int>(Self.name, symbols: ["none"])
    }
    #expect(
      error.description
        == "libnone.so.9 is not installed; install it with 'apt-get install libnone9', or set EDGEPIPE_NONE to the library's path"
    )
    #expect(error.exit == .unavailable)
  }

  @Test func givenALibraryWithoutAFunction_whenOpened_thenItIsTooOld() throws {
    let name = LibraryName(file: "libc.so.6", variable: "EDGEPIPE_NONE", package: "libnone9")
    let error = try #require(throws: PipelineError.self) {
      try SharedLibrary<Int>(name, symbols: ["no_such_function"])
    }
    #expect(error.message == "'libc.so.6' is too old or is not libc.so.6: it has no no_such_function")
  }

  @Test func givenAVariable_whenSearched_thenItsPathStandsAlone() {
    #expect(Self.name.candidates(environment: ["EDGEPIPE_NONE": "/opt/libnone.so"]) == ["/opt/libnone.so"])
    #expect(Self.name.candidates(environment: ["EDGEPIPE_NONE": ""]).last == "libnone.so.9")
  }
}
