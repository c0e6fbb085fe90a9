package probe

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" {
		serveForBenchmark()
		return
	}
	goleak.VerifyTestMain(m)
}
