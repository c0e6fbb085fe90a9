//go:build race

package probe

// racing is how many times more memory a test may take: the race detector keeps a
// shadow of all that is touched.
const racing = 8
