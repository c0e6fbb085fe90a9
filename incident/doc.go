// Package incident decides, from what was just observed, what opens and what
// resolves.
//
// [Step] takes the state of one probe and one input (a result, or slots at which
// nothing was asked) and moves the state on. What happened through that comes back
// as effects: transitions of incidents, and entries of the ledger of slots that
// were not good. Step is pure. It has no clock: time is what its inputs say, and a
// timer is a deadline kept in state, fired by the next input and dated at the
// deadline. The same inputs in the same order give the same state and the same
// effects, on any machine, at any time. That is what makes a restart forget
// nothing and repeat nothing.
//
// A probe of kind down goes through these states:
//
//	      bad result            3 attempts spanning down_after
//	up ───────────────► suspect ───────────────────────────────► open
//	 ▲                     │  ▲                                    │ 2 good scheduled results
//	 │     any success     │  │ bad result                         │ spanning resolve_after
//	 ├─────────────────────┘  │                                    ▼
//	 └──────────────────── recovered ◄─────────────────────────────┘
//	   closed after 60 min or 30 intervals; a relapse before that reopens it
//
// While suspect, the probe is re-checked between its slots, unless its answer says
// that asking more often is wrong. A suspicion that is not confirmed in time lapses. auth_failed opens after
// three results in a row spanning auth_after, without any extra request, because
// repeated failures lock accounts. It resolves in the same way.
//
// degraded opens when a leaky bucket is full of failures that come now and then, and
// resolves when good results have drained it. What is degraded may become down, and what
// was down degraded: it stays one incident, which is down to those who look
// at it once it is over. auth_failed opens from a bucket of refusals, too.
//
// Everybody hears of the first recovery and of the first relapse at once, and then of one
// relapse in half an hour, of a recovery only when it lasts: see [Telling].
//
// auth_bypass opens when access was given twice that should have been refused, the second
// time at once, and resolves when it was refused twice. client_fault opens when three results in
// a row, or a bucket of them, are 4xx, and resolves as down does. rate_limited opens when three of the
// latest ten are 429, is a warning after half an hour, and resolves when one at most is.
//
// certificate opens at the first sight of one that ends sooner than is expected, whatever
// else the result says, and escalates a week and a day before the end. It resolves once
// scheduled results show one that lasts.
//
// budget_fast and budget_slow open when a budget is spent faster than it bears over a long
// window and over a short one, by more failures than chance, and resolve when that has not
// been so for a whole long window of judged time. budget_threshold opens and escalates as
// shares of a budget are spent, once on the way up. latency opens when more of the latest 30
// good answers are slow than chance would make, and what is so for a day becomes usual.
//
// cache opens when too few of the latest 32 to 64 answers to conditional requests were
// 304, whatever else the results say, and resolves when clearly enough of them are, or
// when nobody asks any more.
package incident
