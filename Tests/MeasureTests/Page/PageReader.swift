import Foundation
import FoundationXML

/// A page as an XML parser reads it.
final class PageReader: NSObject, XMLParserDelegate {
  private(set) var elements: Set<String> = []
  private(set) var attributes: Set<String> = []
  private(set) var ids: [String] = []
  /// Ids that `aria-labelledby` names.
  private(set) var references: Set<String> = []
  private(set) var style = ""
  /// What can be read, the style sheet left out.
  private(set) var allText = ""
  private(set) var error: (any Error)?
  private var texts: [String: String] = [:]
  private var roles: [String: Int] = [:]
  private var open: [(name: String, id: String?)] = []

  init(_ page: String) {
    super.init()
    let parser = XMLParser(data: Data(page.utf8))
    parser.delegate = self
    if !parser.parse() { error = parser.parserError ?? CocoaError(.fileReadCorruptFile) }
  }

  /// The text of the element with that id.
  func text(id: String) -> String { texts[id] ?? "" }

  func count(_ element: String, role: String) -> Int { roles["\(element) \(role)"] ?? 0 }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    elements.insert(name)
    self.attributes.formUnion(attributes.keys)
    if let id = attributes["id"] { ids.append(id) }
    if let names = attributes["aria-labelledby"] { references.formUnion(names.split(separator: " ").map(String.init)) }
    if let role = attributes["role"] { roles["\(name) \(role)", default: 0] += 1 }
    open.append((name, attributes["id"]))
  }

  func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
    open.removeLast()
  }

  func parser(_ parser: XMLParser, foundCharacters text: String) {
    guard let here = open.last else { return }
    if here.name == "style" { style += text } else { allText += text }
    for element in open { if let id = element.id { texts[id, default: ""] += text } }
  }
}
