import Testing

@testable import Detectors

@Suite struct ClassNameTests {
  @Test(arguments: [
    ("motorbike", "motorcycle"), ("aeroplane", "airplane"), ("tvmonitor", "tv"), ("sofa", "couch"),
    ("pottedplant", "potted plant"), ("diningtable", "dining table"), ("Traffic_Light", "traffic light"),
    ("STOP-SIGN", "stop sign"),
  ])
  func givenAnotherSpelling_whenLookedUp_thenTheClassOfCOCOIsMeant(written: String, meant: String) throws {
    let index = try #require(ClassName.index(of: written, in: COCOClasses.names))
    #expect(COCOClasses.names[index] == meant)
    #expect(ClassName.spellings([written]).isSuperset(of: [written, meant]))
  }

  /// Models trained on Pascal VOC have the other names.
  @Test func givenAModelWithPascalNames_whenCOCONamesAreWritten_thenTheyAreFoundAsWell() {
    #expect(ClassName.index(of: "couch", in: ["chair", "sofa"]) == 1)
    #expect(ClassName.spellings(["couch"]).contains("sofa"))
  }

  /// A filter compares labels as they are; people write them in their own way.
  @Test(arguments: ["Hard-Hat", "hard_hat", "Hard hat", "HARD HAT", "hard-hat", "Hard Hat"])
  func givenAModelWithItsOwnSpelling_whenAnotherIsWritten_thenTheFilterHoldsIt(label: String) {
    #expect(ClassName.spellings(["hard hat"]).contains(label))
    #expect(ClassName.spellings(["HARD_HAT"]).contains(label))
  }

  @Test func givenBothSpellingsInOneModel_whenOneIsWritten_thenTheOneSpelledSoIsMeant() {
    #expect(ClassName.index(of: "motorbike", in: ["motorcycle", "motorbike"]) == 1)
    #expect(ClassName.index(of: "helmet", in: ["motorcycle", "motorbike"]) == nil)
  }
}
