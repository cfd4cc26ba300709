import Testing

@testable import EdgepipeOutputs

struct BatchProgressTests {
  @Test func givenAcknowledgementsOutOfOrder_whenCounted_thenOnlyTheFirstOnesWithoutAGapAreAccepted() {
    var progress = BatchProgress(count: 3)
    for _ in 0..<3 { progress.noteSent() }
    progress.noteTaken(1)
    #expect(progress.accepted == 0)
    progress.noteTaken(0)
    #expect(progress.accepted == 2)
    #expect(progress.outstanding == 1)
    progress.noteTaken(2)
    #expect(progress.result() == SendResult(accepted: 3))
  }

  @Test func givenARefusal_whenEverythingBeforeItWasTaken_thenItIsSaidOfThatItem() {
    var progress = BatchProgress(count: 3)
    for _ in 0..<3 { progress.noteSent() }
    progress.noteRefused(1, "no")
    progress.noteTaken(2)
    progress.noteTaken(0)
    #expect(progress.result() == SendResult(accepted: 1, obstacle: .refused("no")))
  }

  @Test func givenARefusal_whenAnItemBeforeItIsLost_thenTheConnectionIsToBlame() {
    var progress = BatchProgress(count: 2)
    for _ in 0..<2 { progress.noteSent() }
    progress.noteRefused(1, "no")
    #expect(progress.result(unreachable: "lost").unreachable == "lost")
    #expect(progress.result(unreachable: "lost").accepted == 0)
  }

  @Test func givenAReceiverThatTakesNoMoreNow_whenDone_thenTheRestIsForLater() {
    var progress = BatchProgress(count: 2)
    for _ in 0..<2 { progress.noteSent() }
    progress.noteTaken(0)
    progress.noteDelayed("full")
    #expect(progress.result() == SendResult(accepted: 1, obstacle: .unreachable("full")))
  }
}
