import Testing

@testable import EdgepipeOutputs

struct StateBoardTests {
  private func taken(_ board: StateBoard) -> [String] {
    board.takeChanges().map { "\($0.topic)=\(String(decoding: $0.payload, as: UTF8.self))" }
  }

  @Test func givenSeveralValuesOfOneTopic_whenTaken_thenOnlyTheLatestIsThere() {
    let board = StateBoard()
    board.set("a", "1")
    board.set("b", "1")
    board.set("a", "2")
    #expect(taken(board) == ["a=2", "b=1"])
    #expect(taken(board) == [])
  }

  @Test func givenTheSameValueAgain_whenSet_thenNothingHasChanged() {
    let board = StateBoard()
    board.set("a", "1")
    _ = taken(board)
    board.set("a", "1")
    #expect(taken(board) == [])
  }

  @Test func givenANewConnection_whenRefreshed_thenEverythingIsPublishedAgainInOrder() {
    let board = StateBoard()
    for topic in ["config", "z", "a"] { board.set(topic, "1") }
    _ = taken(board)
    board.set("a", "2")
    board.refresh()
    #expect(taken(board) == ["config=1", "z=1", "a=2"])
  }

  @Test func givenMoreTopicsThanThereIsRoomFor_whenSet_thenTheNewOnesAreLeftOutAndCounted() {
    let board = StateBoard()
    for number in 0..<StateBoard.mostTopics + 3 { board.set("t\(number)", "1") }
    board.set("t0", "2")
    #expect(board.count == StateBoard.mostTopics)
    #expect(board.leftOut == 3)
    #expect(board.takeChanges().count == StateBoard.mostTopics)
  }
}
