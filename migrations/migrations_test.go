package migrations_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"sonde/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStepsHaveNoGaps(t *testing.T) {
	steps, err := migrations.Steps()
	require.NoError(t, err)
	require.NotEmpty(t, steps)
	for i, step := range steps {
		require.Equal(t, i+1, step.Version)
		require.NotEmpty(t, step.SQL)
	}
}

// A database that was made by a release has the schema of that release: a change comes
// as another step, and is pinned here as well.
func TestAReleasedStepIsNeverEdited(t *testing.T) {
	pinned := []string{
		"7933aca36737bb7f32340b73eecc7ebd479bb0a63f8a1e627398278bad3f1d90",
		"a29be4c455e01c01ca44dfec6f8527c3e80faed33ad1e807d67865fa692dc4ac",
		"d0b98299b3ea5f040b6b7572c19600eecdb3a480c4a621fb1265af8dfab15222",
		"74e0a698e30abe747c2db5efedfb5b8ea1928de490e7524a128e9501c97db968", // not released yet
	}
	steps, err := migrations.Steps()
	require.NoError(t, err)
	require.Len(t, pinned, len(steps), "pin the new step")
	for i, step := range steps {
		sum := sha256.Sum256([]byte(step.SQL))
		require.Equal(t, pinned[i], hex.EncodeToString(sum[:]), step.Name)
	}
}

func ExampleSteps() {
	steps, err := migrations.Steps()
	fmt.Println(steps[0].Version, steps[0].Name, err)
	// Output: 1 0001_init.sql <nil>
}
