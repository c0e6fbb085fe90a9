package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// vectors are the reference vectors of accounting and alerts, by their ids. Those with a reason
// are left out on purpose, because what they are about is.
var vectors = map[string]string{
	"A1": "", "A2": "", "A3": "", "A4": "", "A5": "", "A6": "", "A7": "", "A8": "", "A9": "", "A11": "", "A12": "", "A13": "", "A14": "", "A15": "",
	"B1": "", "B2": "", "B3": "", "B4": "", "B5": "", "B6": "", "B8": "",
	"C1": "windows that grow with those of the promise are another tool's", "C2": "",
	"C3": "as C1", "C4": "as C1", "C5": "",
	"C6": "how long no data is borne follows from the interval, not from the promise",
	"D1": "", "D2": "", "D3": "", "D4": "", "D5": "", "D7": "",
	"D8":  "no time slices",
	"D10": "", "D11": "", "D13": "",
	"G1": "", "G2": "", "G4": "", "G5": "", "G6": "", "G7": "", "G8": "", "G9": "", "G10": "", "G12": "",
	"G14": "no time slices",
	"G15": "", "G16": "", "G17": "", "G19": "", "G20": "",
	"H1": "", "H2": "",
	"I1": "", "I2": "", "I3": "", "I4": "", "I5": "", "I6": "", "I7": "", "I9": "", "I10": "",
	"J1": "", "J2": "", "J3": "", "J5": "", "J6": "",
	"K1": "", "K2": "", "K3": "", "K5": "", "K6": "",
}

// edges are the edge cases of the accounting, and the tests that are about them.
var edges = map[string][]string{
	"a promise of 100% or 0%":               {"TestPromisesAtTheEdges", "TestParseObjectiveRefuses"},
	"a budget smaller than one check":       {"TestPromisesAtTheEdges"},
	"a burn factor that cannot be reached":  {"TestPromisesAtTheEdges", "TestA13ATierThatCannotFireIsLeftOut"},
	"no events":                             {"TestWhatCannotBeKnownIsNull", "TestWhileNothingIsJudgedNothingOfABudgetMoves", "TestAGroupWithoutDataIsNull"},
	"the prober was down":                   {"TestWhileTheProberWasDownNothingIsKnown"},
	"maintenance":                           {"TestG5MaintenanceLeavesTheBudgetAsItIs", "TestMaintenanceCountsForNothing", "TestMaintenanceThatWasNotPlannedInTimeIsExcludedAfterwards"},
	"the promise changed within its window": {"TestG12ChangingAPromiseOrAnIntervalMigratesNothing", "TestAChangeOfThePromiseIsNoNews"},
	"the window changed":                    {"TestG12ChangingAPromiseOrAnIntervalMigratesNothing", "TestHistoryIsNoLongerThanWhatIsKept"},
	"the threshold of latency changed":      {"TestAChangedThresholdLeavesTheOldVerdicts", "TestAChangedThresholdDecidesAboutResultsThatAreKept", "TestANewThresholdDecidesAboutThePast"},
	"the interval changed":                  {"TestG12ChangingAPromiseOrAnIntervalMigratesNothing", "TestAccountOverAnIntervalChange"},
	"the clock was set back":                {"TestG17ASlotThatComesTwiceCountsOnce"},
	"the clock was set forward":             {"TestSlotsOfTheFutureCountWhenTheyCome"},
	"a probe that never worked":             {"TestWhenAProbeBeganToWork", "TestAPromiseMayWaitForTheFirstSuccess", "TestABudgetMayWaitForTheFirstSuccess"},
	"a probe was renamed":                   {"TestABudgetFollowsItsProbeOverARename"},
	"several probes in one promise":         {"TestD5AGroupIsAsItsWorstMember", "TestTheTimeOfAGroupIsTheSumOfItsMembers"},
}

// TestEveryVectorHasATest finds for each vector a test, or a case of one, whose name has its id.
func TestEveryVectorHasATest(t *testing.T) {
	functions, named := testNames(t)
	var missing []string
	for id, out := range vectors {
		if out == "" && !named[id] {
			missing = append(missing, id)
		}
	}
	require.Empty(t, missing, "no test is called after these, such as TestG12What or \"G12: what\"")
	for edge, tests := range edges {
		require.NotEmpty(t, tests, edge)
		for _, name := range tests {
			require.True(t, functions[name], "%s: there is no %s any more", edge, name)
		}
	}
}

// testNames are the names of all tests, and the ids of vectors that they and their cases have.
func testNames(t *testing.T) (functions, ids map[string]bool) {
	functions, ids = map[string]bool{}, map[string]bool{}
	inFunction := regexp.MustCompile(`^Test([A-K][0-9]{1,2})[A-Z]`)
	inCase := regexp.MustCompile(`^([A-K][0-9]{1,2}): `)
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") || entry.Name() == "vectors_test.go" && filepath.Dir(path) == "." {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				functions[n.Name.Name] = true
				if found := inFunction.FindStringSubmatch(n.Name.Name); found != nil {
					ids[found[1]] = true
				}
			case *ast.BasicLit:
				if n.Kind != token.STRING {
					return true
				}
				if text, err := strconv.Unquote(n.Value); err == nil {
					if found := inCase.FindStringSubmatch(text); found != nil {
						ids[found[1]] = true
					}
				}
			}
			return true
		})
		return nil
	})
	require.NoError(t, err)
	return functions, ids
}
