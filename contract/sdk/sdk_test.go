package sdk

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

// What is sent for an operation is what its row says, and all of its rows are
// there.
func TestSentIsTheOperation(t *testing.T) {
	operations := Operations()
	require.Len(t, operations, 43)
	for _, op := range operations {
		sent, err := op.Sent()
		require.NoError(t, err)
		require.NotEmpty(t, sent)
		path := op.Path
		for _, name := range placeholders(op.Path) {
			path = strings.Replace(path, "{"+name+"}", name+"1", 1)
		}
		for _, r := range sent {
			require.Equal(t, []string{op.Method, path}, []string{r.Method, r.Path}, op.Name)
		}
	}
}

// Each field of a body or a filter is in a sample, and each makes a difference to
// what is sent, so that none is compared by accident.
func TestSamplesAreComplete(t *testing.T) {
	used := map[string]bool{} // by type and field
	for _, op := range Operations() {
		samples := op.Samples(nil)
		if !samples[0].IsValid() || wirereport.Element(samples[0].Type()).Kind() != reflect.Struct {
			continue
		}
		whole := make([][]Request, len(samples))
		for i, sample := range samples {
			var err error
			whole[i], err = op.observe(sample)
			require.NoError(t, err)
		}
		params := wirereport.Element(samples[0].Type())
		for i := range params.NumField() {
			key := params.Name() + "." + params.Field(i).Name
			for j, sample := range samples {
				less := deepCopy(sample)
				reflect.Indirect(less).Field(i).SetZero()
				if reflect.DeepEqual(less.Interface(), sample.Interface()) {
					continue // not in this sample
				}
				r, err := op.observe(less)
				used[key] = used[key] || err != nil || !reflect.DeepEqual(r, whole[j])
			}
			used[key] = used[key] || false
		}
	}
	require.Greater(t, len(used), 30)
	for key, ok := range used {
		require.True(t, ok, "%s is in no sample, or is not sent", key)
	}
}

func TestSentTellsWhatMayBeLeftOut(t *testing.T) {
	tests := map[string]struct{ always, sometimes []string }{
		"createAgent":          {[]string{"name"}, []string{"description", "image", "region", "secrets", "sharedMode", "soulMd", "swarmId", "workflowMd"}},
		"updateAgent":          {nil, []string{"description", "image", "name", "region", "sharedMode", "swarmId"}},
		"sendMessage":          {[]string{"message"}, []string{"context", "peerId", "sessionId"}},
		"uploadSkill":          {[]string{"files", "name", "version"}, []string{"description"}},
		"installSkill":         {nil, []string{"githubUrl", "skillId", "version"}},
		"updatePersonality":    {[]string{"content"}, []string{"version"}},
		"createSwarm":          {[]string{"name"}, []string{"description", "secrets"}},
		"putRule":              {[]string{"content"}, nil},
		"ingestSwarmKnowledge": {[]string{"chunks"}, nil},
	}
	for name, want := range tests {
		sent, err := Find(name).Sent()
		require.NoError(t, err)
		seen := map[string]int{}
		for _, r := range sent {
			for field := range r.Body.(map[string]any) {
				seen[field]++
			}
		}
		var always, sometimes []string
		for field, n := range seen {
			if n == len(sent) {
				always = append(always, field)
			} else {
				sometimes = append(sometimes, field)
			}
		}
		require.ElementsMatch(t, want.always, always, name)
		require.ElementsMatch(t, want.sometimes, sometimes, name)
	}
}

func TestAnswers(t *testing.T) {
	tests := map[string]struct {
		form Form
		of   string
	}{
		"getAgent": {Object, "Agent"}, "listAgents": {Page, "Agent"}, "deleteAgent": {Nothing, ""},
		"recentLogs": {Rows, "LogEntry"}, "listInstalledSkills": {Rows, "InstalledSkill"},
		"sendMessage": {Events, "ChatEvent"}, "streamLogs": {Events, "LogEntry"},
	}
	for name, want := range tests {
		form, of := Find(name).Answer()
		require.Equal(t, want.form, form, name)
		if want.of != "" {
			require.Equal(t, want.of, of.Name(), name)
		}
	}
	for _, op := range Operations() {
		form, of := op.Answer()
		require.Equal(t, op.Stream, form == Events, op.Name)
		if form != Nothing {
			require.NotEmpty(t, wirereport.Fields(of), "%s: the fields of %s", op.Name, of)
		}
	}
}

// The fields of types that read their JSON themselves are those that they read,
// and all of them.
func TestUntaggedFields(t *testing.T) {
	for of, fields := range wirereport.Untagged {
		t.Run(of.Name(), func(t *testing.T) {
			whole := map[string]any{}
			for _, f := range fields {
				whole[f.Name] = sampleOf(f)
			}
			all := decode(t, of, whole)
			for i := range of.NumField() {
				if name := of.Field(i).Name; of.Field(i).IsExported() && name != "Reconnected" {
					require.False(t, all.Field(i).IsZero(), "%s.%s is set by no field in the list", of.Name(), name)
				}
			}
			for _, f := range fields {
				if f.Group == "content" { // one of them is enough
					alone := decode(t, of, map[string]any{f.Name: sampleOf(f)})
					require.Equal(t, sampleOf(f), alone.FieldByName("Content").Interface())
					continue
				}
				// With what makes the others be read at all.
				without := map[string]any{"type": "text", "content": "…", "line": "…"}
				if f.Group == "error" {
					without["type"] = "error"
				}
				delete(without, f.Name)
				with := maps.Clone(without)
				with[f.Name] = sampleOf(f)
				require.NotEqual(t, exported(decode(t, of, without)), exported(decode(t, of, with)), f.Name)
			}
		})
	}
}

func sampleOf(f wirereport.Field) any {
	switch {
	case f.Name == "type":
		return "text"
	case f.Name == "error":
		return map[string]any{"code": "c", "message": "m"}
	case strings.Contains(f.Type.String(), "Time"):
		return "2026-01-15T10:30:00.000Z"
	case f.Name == "level":
		return "ERROR"
	}
	return "value of " + f.Name
}

func exported(v reflect.Value) map[string]any {
	out := map[string]any{}
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			out[v.Type().Field(i).Name] = v.Field(i).Interface()
		}
	}
	return out
}

// decode reads JSON as the SDK does: chat events out of a stream, others as they
// stand in an answer.
func decode(t *testing.T, of reflect.Type, value any) reflect.Value {
	t.Helper()
	data, err := json.Marshal(value)
	require.NoError(t, err)
	if of == reflect.TypeFor[agento.ChatEvent]() {
		return reflect.ValueOf(chatEvent(t, data))
	}
	v := reflect.New(of)
	require.NoError(t, json.Unmarshal(data, v.Interface()))
	return v.Elem()
}

// chatEvent reads one event. An error event becomes the stream's error, and is
// put together again from it.
func chatEvent(t *testing.T, data []byte) agento.ChatEvent {
	t.Helper()
	client, err := agento.New(madeUpKey, agento.WithHTTPClient(&http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		body := "data: " + string(data) + "\n\ndata: {\"type\":\"done\"}\n\n"
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: io.NopCloser(strings.NewReader(body)),
		}, nil
	})}))
	require.NoError(t, err)
	stream, err := client.Chat.Send(t.Context(), "a1", agento.SendMessageParams{Message: "x"})
	require.NoError(t, err)
	for event, err := range stream.All() {
		var failure *agento.Error
		if err != nil {
			require.ErrorAs(t, err, &failure)
			return agento.ChatEvent{Type: agento.ChatError, Error: &agento.EventError{Code: failure.Code, Message: failure.Message}}
		}
		return event
	}
	t.Fatal("no event")
	return agento.ChatEvent{}
}

// The values that the SDK is said to know are its constants, all of them.
func TestConstants(t *testing.T) {
	want := map[string][]string{"ChatType": {}}
	files, err := filepath.Glob("../../*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		collectConstants(t, file, want)
	}
	delete(want, "StreamEndReason") // not of the wire: the SDK's own word to an observer
	got := map[string][]string{}
	for of, values := range constants {
		got[of.Name()] = values
	}
	require.Equal(t, len(want), len(got))
	for name, values := range want {
		require.ElementsMatch(t, values, got[name], name)
	}
}

// collectConstants finds exported constants of a named string type, and the plain
// ones for the types of chat events.
func collectConstants(t *testing.T, file *ast.File, into map[string][]string) {
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !spec.Names[0].IsExported() {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		value, err := strconv.Unquote(literal.Value)
		require.NoError(t, err)
		of, typed := spec.Type.(*ast.Ident)
		switch {
		case typed && of.Name != "string":
			into[of.Name] = append(into[of.Name], value)
		case !typed && strings.HasPrefix(spec.Names[0].Name, "Chat"):
			into["ChatType"] = append(into["ChatType"], value)
		}
		return true
	})
}
