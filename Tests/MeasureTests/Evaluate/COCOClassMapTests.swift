import Testing

@testable import Detectors
@testable import EdgepipeCore
@testable import Measure

@Suite struct COCOClassMapTests {
  /// Ids with gaps, as COCO's.
  private let dataset = COCODataset(
    pictures: [],
    categories: [("person", 1), ("couch", 63), ("tv", 72), ("dining table", 67)].map { name, id in
      COCODataset.Category(id: id, name: name)
    }, annotations: [])

  private func map(_ classes: [String], wanted: [String]? = nil) throws -> COCOClassMap {
    try COCOClassMap(classes: classes, model: "m", dataset: dataset, file: "a.json", wanted: wanted)
  }

  @Test func givenClassesInAnyOrderAndSpelling_whenMapped_thenNamesDecide() throws {
    let map = try map(["tv", "Dining_Table", "person"])
    #expect(map.categoryIDs == [72, 67, 1])
    #expect(map.evaluated == [1, 67, 72])
    // Darknet's names of the same categories.
    #expect(try self.map(["sofa", "tvmonitor", "diningtable", "person"]).categoryIDs == [63, 72, 67, 1])
  }

  @Test func givenAllOfCOCOsNames_whenMapped_thenEachClassHasACategoryOfItsOwn() throws {
    let all = COCODataset(
      pictures: [], categories: COCOClasses.names.enumerated().map { .init(id: $0.offset + 1, name: $0.element) },
      annotations: [])
    let map = try COCOClassMap(classes: COCOClasses.names, model: "m", dataset: all, file: "a.json")
    #expect(map.categoryIDs == (1...80).map { $0 })
  }

  @Test func givenClassesThatTheDatasetHasNot_whenMapped_thenTheyAreNamed() throws {
    let error = try #require(throws: PipelineError.self) { try map(["person", "helmet", "vest"]) }
    #expect(error.message == "'a.json' has no category 'helmet', 'vest', which the model 'm' detects")
    #expect(error.remedy?.contains("--classes") == true)
    #expect(error.exit == .dataError)
    #expect(try map(["person", "helmet"], wanted: ["person"]).categoryIDs == [1, nil])
    // Faces are no category of COCO's.
    let face = try #require(throws: PipelineError.self) { try map(["face"]) }
    #expect(face.message == "'a.json' has no category 'face', which the model 'm' detects")
    #expect(face.remedy == "evaluate it with annotations of the classes that it detects")
  }

  @Test func givenWantedClasses_whenOneIsUnknown_thenItIsAnErrorOfUsage() throws {
    let error = try #require(throws: PipelineError.self) { try map(["person"], wanted: ["persn"]) }
    #expect(error.message == "'a.json' has no category 'persn' (did you mean 'person'?)")
    #expect(error.exit == .usage)
    let other = try #require(throws: PipelineError.self) { try map(["person"], wanted: ["tv"]) }
    #expect(other.message == "the model 'm' has no class 'tv'")
    let twice = try #require(throws: PipelineError.self) { try map(["sofa", "couch"]) }
    #expect(twice.message.contains("'sofa' and 'couch'"))
    #expect(try COCOClassMap.categoryIDs(named: ["TV", "couch"], dataset: dataset, file: "a.json") == [72, 63])
  }
}
