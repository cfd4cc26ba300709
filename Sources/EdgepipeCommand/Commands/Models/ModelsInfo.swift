import ArgumentParser
import Detectors
import Foundation
import Stages

extension ModelsCommand {
  struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show one model: head, input, classes, licence, origin.")
    @OptionGroup var options: StoreOptions
    @Argument(help: "A model's name, or a path to an .onnx file or a manifest.") var model: String
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
      let store = options.modelStore
      var manifest: ModelManifest?
      var path: String?, hash: String?, isGuessed = false, isUnnamed = false
      if let builtin = BuiltinModels.find(model), !store.isInstalled(model) {
        manifest = builtin.manifest
      } else {
        let resolved = try store.resolve(model)
        (path, hash) = (resolved.file.path, resolved.sha256)
        let file = try ModelFile(resolved, shape: .auto)
        manifest = file.manifest
        isGuessed = resolved.manifest == nil
        isUnnamed = file.namesFrom == .numbers
      }
      if json, let manifest {
        return Terminal.out(String(decoding: try manifest.encoded(), as: UTF8.self).trimmingCharacters(in: .newlines))
      }
      var table = Table(alignment: [.left, .left])
      table.add(["model", manifest?.name ?? model])
      if let manifest {
        let input = manifest.input
        let head: String = manifest.head.rawValue + (manifest.form.map { ", form \($0.rawValue)" } ?? "")
        var classes: String = "\(manifest.classes.count): \(manifest.classes.joined(separator: ", "))"
        if isUnnamed { classes = "unnamed, numbered from class0" }
        let facts = [
          ["head", head],
          ["precision", manifest.precision],
          ["input", manifest.inputWords + (manifest.shape == nil ? ", multiples of \(manifest.stride)" : " only")],
          ["colour", "\(input.color.rawValue), minus \(input.mean), times \(input.scale)"],
          ["placement", "\(input.placement.rawValue), padded with \(input.pad)"],
          ["classes", classes],
          ["licence", manifest.licence], ["origin", manifest.origin],
        ]
        facts.forEach { table.add($0) }
      }
      if isGuessed { table.add(["manifest", "none: these values are read from the file"]) }
      table.add(["sha256", hash ?? manifest?.sha256 ?? ""])
      table.add(["file", path ?? "not installed; run `edgepipe models pull \(model)`"])
      Terminal.out(table.text)
    }
  }
}
