public import Foundation

/// Checks lines of results, of whichever sink, against the JSON Schema in docs/schemas, as `scripts/check-results` does.
///
/// ```swift
/// @Test(.enabled(if: ResultSchema.isAvailable, "needs .deps/python")) ...
/// #expect(try ResultSchema.problems(in: Data(body)) == [])
/// ```
public enum ResultSchema {
  /// It needs Python's jsonschema.
  public static let isAvailable = TestData.python != nil

  private struct Missing: Error {}

  /// What is wrong with the lines, each a JSON object; a key that the schema does not list is wrong too.
  ///
  /// - Parameter isOpen: accepts such keys, as readers must.
  /// - Returns: sentences that begin with the place of what is wrong, `FILE:LINE: ...`.
  public static func problems(in lines: Data, isOpen: Bool = false) throws -> [String] {
    let folder = try TestData.temporaryFolder("schema")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("lines")
    try lines.write(to: file)
    return try problems(inFile: file.path, isOpen: isOpen).map { $0.replacing(folder.path + "/", with: "") }
  }

  /// As `problems(in:isOpen:)`, of a file of lines.
  public static func problems(inFile path: String, isOpen: Bool = false) throws -> [String] {
    guard let python = TestData.python else { throw Missing() }
    let script = TestData.packageRoot.appendingPathComponent("scripts/check-results").path
    let result = try TestData.run(python, [script] + (isOpen ? ["--open"] : []) + [path])
    let problems = String(decoding: result.output, as: UTF8.self).split(separator: "\n").map(String.init)
    // A checker that fails has found nothing.
    return result.status != 0 && problems.isEmpty ? ["the check failed with \(result.status)"] : problems
  }
}
