extension ProfilePage {
  /// From narrow to wide: a phone's layout first.
  static let style: StaticString = """
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--bg); color: var(--text); line-height: 1.45; font-size: 14px;
      font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial,
      sans-serif; -webkit-text-size-adjust: 100%; }
    header, main { max-width: 1120px; margin: 0 auto; padding: 0 16px; }
    header { padding-top: 22px; }
    main { padding-bottom: 40px; }
    h1, h2, h3, p, dl, dd, ul { margin: 0; }
    h1 { font-size: 24px; line-height: 1.2; font-weight: 650; letter-spacing: -0.01em; overflow-wrap: anywhere;
      unicode-bidi: isolate; }
    h2 { font-size: 15px; font-weight: 650; margin-top: 34px; }
    h3 { font-size: 13px; font-weight: 600; margin-bottom: 6px; }
    .kicker { color: var(--text2); font-size: 12px; letter-spacing: 0.02em; }
    .meta { color: var(--text2); font-size: 13px; margin-top: 6px; overflow-wrap: anywhere; }
    .meta span:not(:last-child)::after { content: " ·"; }
    .note, .plot .note, .key, .remark, .strip-note { color: var(--text2); font-size: 12px; }
    .plot .note { fill: var(--text2); font-size: 11.5px; }
    .key { margin: 2px 0 8px; }
    .key span { margin-right: 1em; white-space: nowrap; }
    .remark { margin-top: 8px; overflow-wrap: anywhere; }
    .nothing { color: var(--text2); padding: 2px 0; }
    .name, .note, .meta span { unicode-bidi: isolate; }

    .tiles { display: grid; grid-template-columns: 1fr 1fr; gap: 16px 20px; margin-top: 20px; }
    .tiles div { border-top: 1px solid var(--text); padding-top: 6px; min-width: 0; }
    .tiles dt { font-size: 12px; color: var(--text2); }
    .figure { font-size: 26px; line-height: 1.2; font-weight: 600; letter-spacing: -0.02em;
      font-variant-numeric: tabular-nums; }
    .unit { font-size: 13px; color: var(--text2); }
    .tile-note { display: block; font-size: 12px; color: var(--text2); overflow-wrap: anywhere; }

    .bottleneck { margin-top: 26px; padding: 12px 16px 14px; background: var(--surface); overflow-wrap: anywhere; }
    .bottleneck h2 { margin: 0; font-size: 12px; font-weight: 400; color: var(--text2); }
    .verdict { font-size: 17px; line-height: 1.35; font-weight: 600; margin: 2px 0 4px; }
    .bottleneck ul, .notes ul { padding-left: 1.1em; }
    .bottleneck li, .notes li { margin-top: 2px; }
    .notes { overflow-wrap: anywhere; }

    .columns { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 40px; }
    .split { display: grid; grid-template-columns: 62px minmax(0, 1fr); align-items: center; margin-top: 8px;
      font-size: 12px; color: var(--text2); }
    .split + .table-box { margin-top: 10px; }

    .group { border-top: 1px solid var(--rule); padding-top: 10px; margin-top: 14px; }
    h2 + .group { margin-top: 10px; }
    .strip { display: grid; grid-template-columns: minmax(0, 1fr); margin-bottom: 4px; }
    .strip + .strip { margin-top: 8px; }
    .strip-label { font-size: 12.5px; min-width: 0; }
    .strip-note:not(:empty)::before { content: "· "; }
    .strip .nothing { font-size: 12.5px; padding: 0; }
    .strip-label .name { display: inline-block; max-width: 100%; overflow: hidden; text-overflow: ellipsis;
      white-space: nowrap; vertical-align: bottom; }

    .table-box { overflow-x: auto; margin-top: 10px; }
    table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
    caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    th, td { text-align: left; font-weight: 400; padding: 4px 0 4px 18px; white-space: nowrap; vertical-align: top;
      border-bottom: 1px solid var(--rule); }
    td:not(.number) { white-space: normal; min-width: 9em; }
    thead th { color: var(--text2); font-size: 12px; border-bottom-color: var(--text2); vertical-align: bottom; }
    tr > :first-child { padding-left: 0; position: sticky; left: 0; background: var(--bg); }
    .number { text-align: right; }
    .total th, .total td { border-bottom: 0; border-top: 1px solid var(--text2); }
    th .name { display: inline-block; max-width: 9em; overflow: hidden; text-overflow: ellipsis; vertical-align: bottom; }
    .columns th .name { max-width: 7.5em; }
    .columns tr > * + * { padding-left: 10px; }
    .columns table { font-size: 12.5px; }
    th .note { display: block; }
    .table-box:focus-visible { outline: 2px solid var(--s0); outline-offset: 2px; }

    @media (min-width: 600px) {
      .tiles { grid-template-columns: repeat(3, minmax(0, 1fr)); }
      .columns { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
      .columns > :first-child { grid-column: 1 / -1; }
      .strip { grid-template-columns: 190px minmax(0, 1fr); column-gap: 12px; }
      .strip + .strip { margin-top: 0; }
      .strip-label { padding-top: 2px; }
      .strip-note { display: block; }
      .strip-note:not(:empty)::before { content: none; }
      th .name { max-width: 16em; }
    }
    @media (min-width: 960px) {
      header, main { padding-left: 28px; padding-right: 28px; }
      .tiles { grid-template-columns: repeat(6, minmax(0, 1fr)); }
      .columns { grid-template-columns: repeat(3, minmax(0, 1fr)); }
      .columns > :first-child { grid-column: auto; }
      th .name { max-width: 20em; }
    }
    @media print {
      body { font-size: 10pt; }
      header, main { max-width: none; padding-left: 0; padding-right: 0; }
      .columns section, .strip, .bottleneck, .tiles div, tr { break-inside: avoid; }
      tr > :first-child { position: static; background: none; }
      h2, h3 { break-after: avoid; }
      .table-box { overflow: visible; }
    }
    """
}
