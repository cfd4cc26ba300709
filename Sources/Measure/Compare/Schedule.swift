/// Which run comes when: repeats of A and of B that all go through the whole experiment side by side.
///
/// A run is short, and a repeat is made of one run of every round. So a machine that is busy with other things for a
/// while, or becomes warm, weighs on all repeats of both sides alike, and what is left between repeats is chance.
/// Repeats one after the other would differ by the state of the machine, which the t-test would take for chance.
///
/// Sides follow each other in the Thue-Morse sequence, ABBA BAAB BAAB ABBA ...: each pair of runs has one of either
/// side, and the sides take turns at being first, and at being first in taking turns, and so on. Over the first 2^k
/// runs everything up to a polynomial of degree k - 1 in time cancels out (E. Prouhet, 1851).
package struct Schedule: Sendable, Equatable {
  struct Turn: Sendable, Equatable {
    let round: Int
    let side: Side
    /// Which of the side's repeats the run belongs to, from 0.
    let number: Int

    init(round: Int, side: Side, number: Int) {
      self.round = round
      self.side = side
      self.number = number
    }
  }

  /// Of each side: the values that are compared; at least one.
  package let repeats: Int
  /// Runs of each repeat.
  package let rounds: Int

  package init(repeats: Int, rounds: Int) {
    self.repeats = max(1, repeats)
    self.rounds = max(0, rounds)
  }

  /// Enough to find 20 % on a machine that is busy with several other programs.
  package static let standard = Schedule(repeats: 10, rounds: 8)

  var runsOfRound: Int { 2 * repeats }

  /// All runs in order: each round has one run of every repeat of either side. The repeat that comes first moves on
  /// from round to round.
  var turns: [Turn] {
    (0..<rounds).flatMap { round in
      (0..<runsOfRound).map { place in
        let index = round * runsOfRound + place
        // Both runs of a pair are the same repeat's, since each side has one of them.
        return Turn(
          round: round, side: index.nonzeroBitCount.isMultiple(of: 2) ? .a : .b, number: (place / 2 + round) % repeats)
      }
    }
  }
}
