import Foundation

/// Prometheus's own checker of pages.
public enum Promtool {
  public struct Complaint: Error, CustomStringConvertible {
    public let description: String
  }

  /// - Throws: ``Complaint`` with what it says, when the page breaks the format or a convention.
  public static func check(_ page: String) throws {
    guard let tool = TestData.promtool else { throw Complaint(description: "there is no promtool") }
    let folder = try TestData.temporaryFolder("promtool")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("page")
    try Data(page.utf8).write(to: file)
    let process = Process()
    process.executableURL = tool
    process.arguments = ["check", "metrics"]
    process.standardInput = try FileHandle(forReadingFrom: file)
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readAll(), as: UTF8.self)
    process.waitUntilExit()
    // What it only advises against is told with status 3 or, by older versions, with 0.
    if process.terminationStatus != 0 || !text.isEmpty { throw Complaint(description: text) }
  }
}
