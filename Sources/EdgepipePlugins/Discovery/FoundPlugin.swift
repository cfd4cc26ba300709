package import EdgepipeCore
import EdgepipePluginHost
import Foundation

/// A plugin on the disk: its folder and its manifest.
package struct FoundPlugin: Sendable {
  /// Without links.
  package let folder: String
  package let manifest: PluginManifest

  /// - Throws: ``PipelineError`` for a manifest that cannot be read.
  package init(folder: String) throws(PipelineError) {
    self.folder = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
    manifest = try PluginManifest(reading: self.folder + "/" + PluginManifest.fileName)
  }

  /// The library, or the Python file.
  package var file: String { folder + "/" + manifest.file }

  /// Name and version.
  package var title: String { "\(manifest.name) \(manifest.pluginVersion)" }

  /// Whether it may be loaded: the interface's version, and the file's hash.
  ///
  /// - Throws: ``PipelineError`` that says why not.
  package func verify() throws(PipelineError) {
    guard manifest.abi.major == PluginLibrary.major else {
      throw PipelineError(
        "the plugin '\(manifest.name)' is for version \(manifest.abi.major).\(manifest.abi.minor) of the interface, this "
          + "program for \(PluginLibrary.major).\(PluginLibrary.minor)",
        remedy: "get the plugin for this version", code: .mismatch)
    }
    let found = try FileHash.sha256(of: URL(fileURLWithPath: file))
    guard found == manifest.sha256 else {
      throw PipelineError(
        "'\(file)' is not the file that its manifest names: its sha256 is \(found)",
        remedy: "install the plugin again; its author runs 'edgepipe plugins seal \(folder)' after each build",
        code: .mismatch)
    }
  }
}
