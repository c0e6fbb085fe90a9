package probe

// Valid reports whether every part of the verdict is one that this build knows.
// What comes out of storage is checked with it.
func (v Verdict) Valid() bool {
	return int(v.Class) < len(classNames) && int(v.Reason) < len(reasons) && int(v.Retry) < len(retryNames) &&
		int(v.Fault) < len(faultNames) && int(v.Outcome) < len(outcomeNames)
}
