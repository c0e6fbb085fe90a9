package text_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/text"
)

func ExampleOrdinal() {
	for _, n := range []int{0, 1, 2, 3, 10, 11, 102, 113, 1003} {
		fmt.Println(text.Ordinal(n))
	}
	// Output:
	// 0th
	// 1st
	// 2nd
	// 3rd
	// 10th
	// 11th
	// 102nd
	// 113th
	// 1003rd
}

func TestOrdinals(t *testing.T) {
	for n, want := range map[int]string{1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 12: "12th", 13: "13th", 21: "21st", 112: "112th"} {
		require.Equal(t, want, text.Ordinal(n))
	}
}
