package probe

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"sonde/text"
)

// newMirror is a server that shows people who asks, and takes any credential.
func newMirror() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path, r.Header.Get("Authorization"))
	}))
}

// ask asks an address with a credential.
func ask(address string, credential *Credential) {
	target := exampleTarget(address)
	target.Auth = &Auth{Credential: credential}
	result := (&Runner{Log: silent()}).Run(exampleContext(), target, Manual, exampleTime)
	fmt.Println(result.Verdict.Status, result.Verdict.Reason)
}

func ExampleBasic() {
	server := newMirror()
	defer server.Close()
	ask(server.URL, Basic(Fixed(text.NewSecret("Aladdin")), Fixed(text.NewSecret("open sesame"))))
	// Output:
	// GET / Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==
	// 200 ok
}

func ExampleBearer() {
	server := newMirror()
	defer server.Close()
	ask(server.URL, Bearer(Fixed(text.NewSecret("mF_9.B5f-4.1JqM"))))
	// Output:
	// GET / Bearer mF_9.B5f-4.1JqM
	// 200 ok
}

func ExampleClientCredentials() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path, r.Header.Get("Authorization"))
		if r.URL.Path == "/token" {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprint(w, `{"access_token":"access-1","token_type":"Bearer","expires_in":3600}`)
		}
	}))
	defer server.Close()
	credential := ClientCredentials(OAuth2{
		TokenURL: mustParse(server.URL + "/token"), ID: Fixed(text.NewSecret("sonde")), Secret: Fixed(text.NewSecret("s3cret")), Scopes: []string{"health"},
	})
	ask(server.URL, credential)
	ask(server.URL, credential) // with the token that there is
	// Output:
	// POST /token Basic c29uZGU6czNjcmV0
	// GET / Bearer access-1
	// 200 ok
	// GET / Bearer access-1
	// 200 ok
}

func ExampleFixed() {
	token := Fixed(text.NewSecret("t0ken"))
	fmt.Println(token.now(silent()))
	fmt.Println(token.now(silent()).Reveal())
	// Output:
	// [redacted]
	// t0ken
}

// A token that is renewed in its file is used from then on; while the file is no good, the
// one before it is.
func ExampleFromFiles() {
	folder, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	file := filepath.Join(folder, "token")
	write := func(token string) {
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			panic(err)
		}
	}
	write("first")
	token := FromFiles(text.NewSecret("first"), []string{file}, func(contents [][]byte) (text.Secret, error) {
		token := strings.TrimSpace(string(contents[0]))
		if token == "" {
			return text.Secret{}, errors.New("the file is empty")
		}
		return text.NewSecret(token), nil
	})
	for _, next := range []string{"renewed", ""} {
		write(next)
		fmt.Println(token.atOnce(silent()).Reveal())
	}
	// Output:
	// renewed
	// renewed
}
