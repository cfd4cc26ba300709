@testable import EdgepipeCore
import Testing

@Suite struct ErrorCodeTests {
  @Test func givenEveryCodeThenItsExitStatusIsAFailureWhoseCodeExitsAlike() throws {
    for code in PipelineError.Code.allCases {
      #expect(code.exit != .success)
      #expect(try #require(PipelineError.Code(code.exit)).exit == code.exit, "\(code)")
    }
    #expect(PipelineError.Code(.success) == nil)
  }

  @Test func givenAnErrorThenItsExitStatusFollowsFromItsCode() {
    var error = PipelineError("no such model", code: .notFound)
    #expect(error.exit == .noInput)
    error.code = .modelMissing
    #expect(error.exit == .config)
  }

  @Test func givenFaultsOfTheDataThenTheyAreThoseThatExitWithBadData() {
    for code in PipelineError.Code.allCases { #expect(code.isOfData == (code.exit == .dataError), "\(code)") }
  }

  @Test func givenIssuesThenTheirCodeIsTheOneTheyShare() {
    func errors(_ codes: PipelineError.Code...) -> ConfigErrors {
      ConfigErrors(issues: codes.map { ConfigIssue(file: "p.json", message: "wrong", code: $0) })
    }
    #expect(errors(.modelMissing, .modelMissing).code == .modelMissing)
    #expect(errors(.unsupported, .malformed).code == .unsupported)
    #expect(errors(.notFound, .malformed).code == .invalidConfiguration)
    #expect(errors(.notFound, .malformed).exit == .config)
  }
}
