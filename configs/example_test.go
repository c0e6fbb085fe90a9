package configs_test

import (
	"fmt"

	"sonde/configs"
)

func ExampleParse() {
	text := `probes:
  - name: checkout
    url: https://checkout.example.com/healthz
    intervall: 30s
    timeout: 90s
`
	_, _, err := configs.Parse("sonde.yaml", []byte(text), configs.Options{})
	fmt.Println(err)
	// Output:
	// sonde.yaml:4:5: probes[0].intervall: unknown key "intervall"; did you mean "interval"?
	//     intervall: 30s
	//     ^
	// sonde.yaml:5:14: probes[0].timeout: 1m30s does not fit interval 1m; lower timeout or raise interval
	//     timeout: 90s
	//              ^
}

func ExampleParse_secrets() {
	text := `probes:
  - name: checkout
    url: https://checkout.example.com/healthz
    headers: {authorization: "Bearer ${env:CHECKOUT_TOKEN}"}
    notify: []
`
	env := func(name string) (string, bool) { return "s3cret", name == "CHECKOUT_TOKEN" }
	config, _, err := configs.Parse("sonde.yaml", []byte(text), configs.Options{Secrets: true, Env: env})
	if err != nil {
		fmt.Println(err)
		return
	}
	p := config.Probes[0]
	fmt.Println(p, "every", p.Interval, "for", p.Objectives[0])
	fmt.Println(p.Target.Header["Authorization"])
	// Output:
	// checkout every 1m0s for 99.5% over 30d
	// [redacted]
}

func ExampleFormatDuration() {
	length, err := configs.ParseDuration("36h")
	fmt.Println(configs.FormatDuration(length), err)
	// Output: 1d12h <nil>
}
