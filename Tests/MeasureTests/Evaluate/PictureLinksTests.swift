import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeCore
@testable import Measure

@Suite struct PictureLinksTests {
  private func dataset(_ names: [String]) -> COCODataset {
    COCODataset(
      pictures: names.enumerated().map { COCODataset.Picture(id: $0.offset + 1, fileName: $0.element) }, categories: [],
      annotations: [])
  }

  private func folder(with names: [String]) throws -> URL {
    let folder = try TestData.temporaryFolder("links")
    for name in names {
      let file = folder.appendingPathComponent(name)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(name.utf8).write(to: file)
    }
    return folder
  }

  @Test func givenPicturesInFolders_whenLinked_thenNoOthersAreThereAndTheLinksGoAway() throws {
    let images = try folder(with: ["z/a.jpg", "b.PNG", "other.jpg"])
    defer { try? FileManager.default.removeItem(at: images) }
    let links = try PictureLinks(dataset(["z/a.jpg", "b.PNG"]), images: images, file: "a.json")
    let names = try FileManager.default.contentsOfDirectory(atPath: links.folder.path).sorted()
    #expect(names == ["0.jpg", "1.PNG"])
    #expect(try String(contentsOf: links.folder.appendingPathComponent("0.jpg"), encoding: .utf8) == "z/a.jpg")
    #expect(links.index(of: "1.PNG") == 1)
    #expect(links.index(of: "x.jpg") == nil)
    links.remove()
    #expect(!FileManager.default.fileExists(atPath: links.folder.path))
    // The pictures themselves stay.
    #expect(FileManager.default.fileExists(atPath: images.appendingPathComponent("z/a.jpg").path))
  }

  @Test("given a run that ends while a signal takes its links away, when both are done, then nothing is left")
  func removedTwice() throws {
    let images = try folder(with: ["a.jpg"])
    defer { try? FileManager.default.removeItem(at: images) }
    for _ in 0..<20 {
      let links = try PictureLinks(dataset(Array(repeating: "a.jpg", count: 100)), images: images, file: "a.json")
      DispatchQueue.concurrentPerform(iterations: 4) { _ in links.remove() }
      #expect(!FileManager.default.fileExists(atPath: links.folder.path))
    }
  }

  @Test(arguments: ["../secret.jpg", "/etc/secret.jpg", "a/../../secret.jpg", "..", "a\0b.jpg"])
  func givenANameThatLeadsElsewhere_whenLinked_thenItIsRefused(name: String) throws {
    let images = try folder(with: ["a.jpg"])
    defer { try? FileManager.default.removeItem(at: images) }
    let error = try #require(throws: PipelineError.self) {
      try PictureLinks(dataset(["a.jpg", name]), images: images, file: "a.json")
    }
    #expect(error.message.contains("outside of the folder"))
    #expect(error.exit == .dataError)
  }

  @Test func givenMissingPicturesOrOtherFiles_whenLinked_thenTheErrorSaysWhich() throws {
    let images = try folder(with: ["a.jpg", "b.txt"])
    defer { try? FileManager.default.removeItem(at: images) }
    let missing = try #require(throws: PipelineError.self) {
      try PictureLinks(dataset(["a.jpg", "c.jpg"]), images: images, file: "a.json")
    }
    #expect(missing.message.hasPrefix("1 of the 2 pictures of 'a.json' are not in"))
    #expect(missing.exit == .noInput)
    let other = try #require(throws: PipelineError.self) {
      try PictureLinks(dataset(["b.txt"]), images: images, file: "a.json")
    }
    #expect(other.message.contains("'b.txt', whose extension is not one of"))
    #expect(other.message.contains("jpeg"))
  }
}
