package import EdgepipeCore
import Foundation

/// A project of a plugin to start from: a stage that reports when the picture becomes dark, with its build and a test.
package struct PluginProject {
  package enum Language: String, Sendable, CaseIterable {
    case c
    case cpp
    case rust
    case python
  }

  private let name: String
  private let language: Language

  /// - Throws: ``PipelineError`` `invalidArgument` for a name that cannot be one.
  package init(name: String, language: Language) throws(PipelineError) {
    let letters = Set("abcdefghijklmnopqrstuvwxyz0123456789-".utf8)
    guard (1...40).contains(name.utf8.count), name.utf8.allSatisfy(letters.contains),
      let first = name.unicodeScalars.first,
      ("a"..."z").contains(first), !name.hasSuffix("-")
    else {
      throw PipelineError(
        "\(Quoted.text(name)) is no name of a plugin", remedy: "use lower-case letters, digits and '-', a letter first",
        code: .invalidArgument)
    }
    self.name = name
    self.language = language
  }

  /// The name where no '-' may be.
  private var identifier: String { name.replacing("-", with: "_") }

  /// What is left to do.
  package var steps: [String] {
    switch language {
    case .c, .cpp: ["make test"]
    case .rust: ["cargo build --release && cargo test && make test"]
    case .python: ["python3 -m unittest && edgepipe plugins seal . && edgepipe plugins check ."]
    }
  }

  /// - Returns: the files, relative to the folder.
  /// - Throws: ``PipelineError`` `alreadyExists` where there is such a folder.
  package func write(to folder: String) throws -> [String] {
    guard !FileManager.default.fileExists(atPath: folder) else {
      throw PipelineError("'\(folder)' already exists", remedy: "choose another --output", code: .alreadyExists)
    }
    for (path, text) in files {
      let target = folder + "/" + path
      try FileManager.default.createDirectory(
        atPath: (target as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try WholeFile.write(to: target, bytes: Array(text.utf8))
    }
    return files.map(\.path)
  }

  private var files: [(path: String, text: String)] {
    let header = ("include/edgepipe/plugin.h", String(decoding: PackageResources.plugin_h, as: UTF8.self))
    let pipeline = ("pipeline.json", filled(PackageResources.pipeline_json))
    switch language {
    case .c:
      return [
        ("plugin.json", manifest("\"library\": \"lib\(identifier).so\"")),
        ("\(identifier).c", filled(PackageResources.stage_c_txt)),
        ("test.c", filled(PackageResources.test_c_txt)),
        ("Makefile", makefile(compiler: "$(CC) -std=c11", ending: "c")),
        header, pipeline,
      ]
    case .cpp:
      return [
        ("plugin.json", manifest("\"library\": \"lib\(identifier).so\"")),
        ("\(identifier).cpp", filled(PackageResources.stage_cpp_txt)),
        ("test.cpp", filled(PackageResources.test_c_txt)),
        ("Makefile", makefile(compiler: "$(CXX) -std=c++17", ending: "cpp")), header, pipeline,
      ]
    case .rust:
      return [
        ("plugin.json", manifest("\"library\": \"lib\(identifier).so\"")),
        ("Cargo.toml", filled(PackageResources.Cargo_toml)),
        ("src/lib.rs", filled(PackageResources.stage_rs)), ("src/abi.rs", filled(PackageResources.abi_rs)),
        ("Makefile", filled(PackageResources.rust_mk)), pipeline,
      ]
    case .python:
      return [
        ("plugin.json", manifest("\"python\": \"\(identifier).py\"")),
        ("\(identifier).py", filled(PackageResources.stage_py)),
        ("test_\(identifier).py", filled(PackageResources.test_stage_py)), pipeline,
      ]
    }
  }

  private func filled(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self).replacing("PLUGIN_NAME", with: name)
      .replacing("PLUGIN_IDENTIFIER", with: identifier)
  }

  private func makefile(compiler: String, ending: String) -> String {
    filled(PackageResources.native_mk).replacing("COMPILER", with: compiler).replacing("ENDING", with: ending)
  }

  private func manifest(_ file: String) -> String {
    filled(PackageResources.plugin_template_json).replacing("PLUGIN_FILE", with: file)
  }
}
