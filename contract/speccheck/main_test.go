package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/remsyshq/agento-go/agentotest"
	"github.com/remsyshq/agento-go/internal/route"
	"github.com/remsyshq/agento-go/internal/test/wirereport"
)

const ownFile = "../../openapi.json"

func speccheck(args ...string) (code int, out, problems string) {
	var stdout, stderr bytes.Buffer
	code = run(args, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestOwnDocument(t *testing.T) {
	code, out, problems := speccheck("-spec", ownFile)
	require.Zero(t, code)
	require.Equal(t, fmt.Sprintf("compared with %s\n\n%[2]d operations: %[2]d confirmed, 0 refuted, 0 unknown\n", ownFile, len(route.All())), out)
	require.Empty(t, problems)
}

// TestDocumentOfService reads the fake service's document at the real service's path.
func TestDocumentOfService(t *testing.T) {
	s := agentotest.NewServer()
	defer s.Close()
	code, out, problems := speccheck("-json", "-spec", s.URL+"/openapi.json")
	require.Zero(t, code)
	require.Empty(t, problems)
	var report wirereport.Report
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.Equal(t, wirereport.Summary{Confirmed: len(route.All())}, report.Summary)
	require.Equal(t, s.URL+"/openapi.json", report.Source)
	require.Empty(t, s.Requests()[0].Header["X-Api-Key"])
}

func TestExitStatus(t *testing.T) {
	data, err := os.ReadFile(ownFile)
	require.NoError(t, err)
	tests := map[string]struct {
		old, new string
		code     int
		says     string
	}{
		"breaks a caller": {strconv.Quote(route.GetAccount.Path), `"/v1/me"`, 1, "path moved: getAccount: GET " + route.GetAccount.Path + " is GET /v1/me"},
		"breaks nobody":   {`"operationId": "getAccount"`, `"operationId": "me"`, 0, fmt.Sprint(len(route.All()), " confirmed")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			altered := strings.Replace(string(data), tt.old, tt.new, 1)
			require.NotEqual(t, string(data), altered)
			file := filepath.Join(t.TempDir(), "altered.json")
			require.NoError(t, os.WriteFile(file, []byte(altered), 0o600))
			code, out, problems := speccheck("-spec", file)
			require.Equal(t, tt.code, code)
			require.Contains(t, out, tt.says)
			require.Empty(t, problems)
		})
	}
}

// TestNothingChecked checks that a document that only refers to others confirms nothing.
func TestNothingChecked(t *testing.T) {
	d := ours(t)
	for path := range d.at("paths") {
		d.at("paths")[path] = object{"$ref": "paths.yaml"}
	}
	file := filepath.Join(t.TempDir(), "entry.json")
	require.NoError(t, os.WriteFile(file, d.json(), 0o600))
	code, out, problems := speccheck("-spec", file)
	require.Equal(t, 2, code)
	require.Contains(t, out, "not checked: paths.yaml: it is not in the document\n      in all operations\n")
	require.Contains(t, out, fmt.Sprintf("%[1]d operations: 0 confirmed, 0 refuted, %[1]d unknown", len(route.All())))
	require.Equal(t, "speccheck: no operation could be checked\n", problems)
}

// TestNoDocument checks that one line reports why there is no document.
func TestNoDocument(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/html", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>\nmaintenance\n</html>")) })
	mux.HandleFunc("/empty", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) })
	mux.HandleFunc("/old", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"swagger":"2.0","paths":{"/v1/a":{}}}`))
	})
	mux.HandleFunc("/none", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"openapi":"3.1.0","paths":{}}`)) })
	s := httptest.NewServer(mux)
	defer s.Close()
	tests := map[string]struct{ source, says string }{
		"no network":   {"http://127.0.0.1:1/openapi.json", "refused"},
		"not found":    {s.URL + "/nowhere", "404"},
		"a page":       {s.URL + "/html", "HTML or XML"},
		"empty":        {s.URL + "/empty", "not an OpenAPI document"},
		"version 2":    {s.URL + "/old", "not an OpenAPI document"},
		"no paths":     {s.URL + "/none", "no paths"},
		"no such file": {"nowhere.json", "nowhere.json"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, args := range [][]string{{"-spec", tt.source}, {"-json", "-spec", tt.source}} {
				code, out, problems := speccheck(args...)
				require.Equal(t, 2, code)
				require.Empty(t, out)
				require.Equal(t, 1, strings.Count(problems, "\n"), problems)
				require.True(t, strings.HasPrefix(problems, "speccheck: "), problems)
				require.Contains(t, problems, tt.says)
			}
		})
	}
}

func TestArguments(t *testing.T) {
	code, _, problems := speccheck("openapi.json")
	require.Equal(t, 2, code)
	require.Contains(t, problems, "-spec")
	code, _, _ = speccheck("-nonsense")
	require.Equal(t, 2, code)
	code, _, problems = speccheck("-h")
	require.Zero(t, code)
	require.Contains(t, problems, "https://api.agento.host/openapi.json")
}
