import Foundation
import PipelineTestSupport
import Testing

@testable import EdgepipeService

@Suite("The files of the live page")
struct PageFileTests {
  private static let folder = TestData.packageRoot.appendingPathComponent("Sources/EdgepipeService/Page")

  @Test("given the page's folder, when compared, then the program has each file of it, byte for byte, and no other")
  func complete() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter { $0 != "index.html" }
    #expect(Set(names) == Set(PageFile.all.keys))
    for name in names {
      let file = try #require(PageFile.all[name])
      #expect(try Data(contentsOf: Self.folder.appendingPathComponent(name)) == Data(file.bytes), "\(name)")
    }
  }

  @Test("given all files, when read, then they ask for nothing from elsewhere, have nothing inline, and hold no data")
  func own() {
    let page = String(decoding: PageFile.index.bytes, as: UTF8.self)
    #expect(
      !page.contains("<style") && !page.contains("style=") && !page.contains("onclick=")
        && !page.contains("javascript:"))
    #expect(page.matches(of: #/<script[^>]*>/#).allSatisfy { $0.output.contains("src=\"page/") })
    for (name, file) in PageFile.all {
      let text = String(decoding: file.bytes, as: UTF8.self).replacing("http://www.w3.org/", with: "")
      #expect(!text.contains("http://") && !text.contains("https://") && !text.contains("//cdn"), "\(name)")
      #expect(!text.contains("innerHTML") && !text.contains("eval("), "\(name)")
    }
  }

  @Test("given the scripts, when their imports are followed, then all are there and none is left over")
  func imports() throws {
    var wanted: Set = ["app.js"], open = ["app.js"]
    while let name = open.popLast() {
      let file = try #require(PageFile.all[name], "\(name)")
      for match in String(decoding: file.bytes, as: UTF8.self).matches(of: #/from "\.\/([a-z]+\.js)"/#)
      where wanted.insert(String(match.1)).inserted {
        open.append(String(match.1))
      }
    }
    #expect(wanted == Set(PageFile.all.keys.filter { $0.hasSuffix(".js") }))
    let page = String(decoding: PageFile.index.bytes, as: UTF8.self)
    let preloaded = page.matches(of: #/modulepreload" href="page\/([a-z]+\.js)"/#).map { String($0.1) }
    #expect(Set(preloaded + ["app.js"]) == wanted && preloaded.count == wanted.count - 1, "each is asked for at once")
  }
}
