import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore

@Suite("A checked file")
struct CheckedFileTests {
  private static let schema = ObjectSchema([
    .init("price", .number(0...10), required: true, "A price."), .init("name", .string, "A name."),
  ])

  private func failure(_ text: String) -> ConfigErrors? {
    do throws(ConfigErrors) {
      _ = try CheckedFile(text: text, name: "prices.json", schema: Self.schema)
      return nil
    } catch { return error }
  }

  @Test("given a file that fits, when read, then its values are there, and an issue with one names its place")
  func fits() throws {
    let file = try CheckedFile(text: "{\n  \"price\": 3 }", name: "prices.json", schema: Self.schema)
    let price = try #require(file.root["price"])
    #expect(price.integer == 3)
    let issue = file.issue("too dear", at: price, path: "price")
    #expect(issue.description == "prices.json:2:12: price: too dear")
    #expect(issue.code == .malformed)
  }

  @Test("given mistakes, when read, then all are told at their places as bad data")
  func mistakes() throws {
    let errors = try #require(failure("{ \"prise\": 3,\n \"name\": 4 }"))
    #expect(errors.exit == .dataError)
    #expect(
      errors.issues.map(\.description) == [
        "prices.json:1:1: missing key 'price'",
        "prices.json:1:3: prise: unknown key; did you mean 'price'?",
        "prices.json:2:10: name: expected a string, found an integer",
      ])
    #expect(failure("{ \"price\": ")?.exit == .dataError)
    #expect(failure("")?.exit == .dataError)
  }

  @Test("given a file that is not there, or too large, when read, then the message calls it by its kind")
  func files() throws {
    func failure(_ path: String) -> ConfigErrors? {
      do throws(ConfigErrors) {
        _ = try CheckedFile(reading: path, kind: "price list", schema: Self.schema)
        return nil
      } catch { return error }
    }
    #expect(failure("/nonexistent/prices.json")?.exit == .noInput)
    #expect(failure("/nonexistent/prices.json")?.description.contains("cannot read the price list") == true)
    let folder = try TestData.temporaryFolder("checked")
    defer { try? FileManager.default.removeItem(at: folder) }
    let large = folder.appendingPathComponent("large.json")
    try Data(repeating: UInt8(ascii: " "), count: ConfigFile.maximumSize + 1).write(to: large)
    #expect(failure(large.path)?.exit == .dataError)
    #expect(failure(large.path)?.description.contains("a price list has at most") == true)
  }
}
