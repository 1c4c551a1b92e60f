// Holds one client, and does what each line of standard input says; one line of JSON answers it.
package main

import (
	"encoding/json"
	"os"

	"github.com/launchdarkly/go-sdk-common/v3/ldcontext"
	"github.com/launchdarkly/go-sdk-common/v3/ldreason"
	"github.com/launchdarkly/go-sdk-common/v3/ldvalue"
	ld "github.com/launchdarkly/go-server-sdk/v7"
)

type request struct {
	Do, Flag, Event string
	Flags           []string
	Context         ldcontext.Context
}

type detail struct {
	Value     ldvalue.Value             `json:"value"`
	Variation ldvalue.OptionalInt       `json:"variation"`
	Reason    ldreason.EvaluationReason `json:"reason"`
}

func details(client *ld.LDClient, context ldcontext.Context, flags []string) map[string]detail {
	found := map[string]detail{}
	for _, flag := range flags {
		// An error is also the reason.
		_, d, _ := client.JSONVariationDetail(flag, context, ldvalue.Null())
		found[flag] = detail{d.Value, d.VariationIndex, d.Reason}
	}
	return found
}

func do(client *ld.LDClient, r request) any {
	switch r.Do {
	case "evaluate":
		value, _ := client.JSONVariation(r.Flag, r.Context, ldvalue.Null())
		return map[string]ldvalue.Value{"value": value}
	case "details":
		return details(client, r.Context, r.Flags)
	case "track":
		must(client.TrackEvent(r.Event, r.Context))
	case "flush":
		client.Flush()
	}
	return struct{}{}
}

func session(client *ld.LDClient, in *json.Decoder) {
	out := json.NewEncoder(os.Stdout)
	must(out.Encode(struct{}{}))
	for in.More() {
		var r request
		must(in.Decode(&r))
		must(out.Encode(do(client, r)))
	}
}
