package probe

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// serveNameServer serves names over UDP; names that it does not have do not exist.
func serveNameServer(t testing.TB, names map[string][]string) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	var serving sync.WaitGroup
	serving.Go(func() {
		question := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(question)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(nameAnswer(question[:n], names), from)
		}
	})
	t.Cleanup(func() {
		_ = conn.Close()
		serving.Wait()
	})
	return netip.MustParseAddrPort(conn.LocalAddr().String())
}

// serveNames is a resolver of these names only.
func serveNames(t testing.TB, names map[string][]string) *net.Resolver {
	server := serveNameServer(t, names)
	return resolverAt(func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.String())
	})
}

// nameAnswer answers a question (RFC 1035 section 4) for A and AAAA records.
func nameAnswer(question []byte, names map[string][]string) []byte {
	var name strings.Builder
	end := 12
	for question[end] != 0 {
		name.Write(question[end+1 : end+1+int(question[end])])
		name.WriteByte('.')
		end += int(question[end]) + 1
	}
	end += 5
	asked := binary.BigEndian.Uint16(question[end-4:])
	answer := append([]byte(nil), question[:end]...)
	addresses, known := names[name.String()]
	code := uint16(3)
	if known {
		code = 0
	}
	binary.BigEndian.PutUint16(answer[2:], 0x8180|code)
	binary.BigEndian.PutUint32(answer[8:], 0)
	count := uint16(0)
	for _, written := range addresses {
		address := netip.MustParseAddr(written)
		if kind := uint16(28); address.Is4() && asked == 1 || address.Is6() && asked == kind {
			answer = append(answer, 0xc0, 12, 0, byte(asked), 0, 1, 0, 0, 0, 60, 0, byte(address.BitLen()/8))
			answer = append(answer, address.AsSlice()...)
			count++
		}
	}
	binary.BigEndian.PutUint16(answer[6:], count)
	return answer
}

// silentUDP is an address at which everything is swallowed.
func silentUDP(t testing.TB) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn.LocalAddr().String()
}

// closedUDP is an address at which nothing listens.
func closedUDP(t testing.TB) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	address := netip.MustParseAddrPort(conn.LocalAddr().String())
	require.NoError(t, conn.Close())
	return address
}
