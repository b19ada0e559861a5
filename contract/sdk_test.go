package contract

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
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/remsyshq/agento-go/internal/route"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	agento "github.com/remsyshq/agento-go"
)

// TestSentMatchesTable checks the method and path sent for each row of the table.
func TestSentMatchesTable(t *testing.T) {
	operations := sdkOperations()
	require.Len(t, operations, len(route.All()))
	for _, op := range operations {
		sent, err := op.sent()
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

// TestSamplesAreComplete checks that each field of a body or a filter is in a sample, and
// that it changes what is sent.
func TestSamplesAreComplete(t *testing.T) {
	used := map[string]bool{} // by type and field
	for _, op := range sdkOperations() {
		samples := op.samples(nil)
		if !samples[0].IsValid() || element(samples[0].Type()).Kind() != reflect.Struct {
			continue
		}
		whole := make([][]sentRequest, len(samples))
		for i, sample := range samples {
			var err error
			whole[i], err = op.observe(sample)
			require.NoError(t, err)
		}
		params := element(samples[0].Type())
		for i := range params.NumField() {
			key := params.Name() + "." + params.Field(i).Name
			for j, sample := range samples {
				less := deepCopy(sample)
				reflect.Indirect(less).Field(i).SetZero()
				if reflect.DeepEqual(less.Interface(), sample.Interface()) {
					continue // missing in this sample
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

// TestDocumentDescribesRequests checks that the document describes all that the SDK sends,
// and requires what it always sends.
func TestDocumentDescribesRequests(t *testing.T) {
	d := loadDocument(t)
	for _, op := range sdkOperations() {
		sent, err := op.sent()
		require.NoError(t, err)
		spec := specOf(t, d, op.Name)
		always, sometimes := map[string]int{}, map[string]any{}
		var bodies []any
		for _, r := range sent {
			for name := range r.Query {
				always[name]++
				sometimes[name] = true
			}
			if r.Body != nil {
				bodies = append(bodies, r.Body)
			}
		}
		for _, p := range spec.Parameters {
			if p.Value.In == openapi3.ParameterInQuery {
				require.Contains(t, sometimes, p.Value.Name, op.Name)
				require.False(t, p.Value.Required, op.Name)
				delete(sometimes, p.Value.Name)
			}
		}
		require.Empty(t, sometimes, op.Name)
		require.Equal(t, spec.RequestBody != nil, bodies != nil, op.Name)
		if bodies != nil {
			requireSent(t, op.Name, spec.RequestBody.Value.Content["application/json"].Schema.Value, bodies)
		}
	}
}

// requireSent compares a schema with the values that the SDK sends for it.
func requireSent(t *testing.T, where string, schema *openapi3.Schema, values []any) {
	t.Helper()
	if schema.Items != nil {
		var rows []any
		for _, list := range values {
			rows = append(rows, list.([]any)...)
		}
		requireSent(t, where+"[]", schema.Items.Value, rows)
		return
	}
	fields := map[string][]any{}
	for _, value := range values {
		object, _ := value.(map[string]any)
		for name, inner := range object {
			fields[name] = append(fields[name], inner)
		}
	}
	if len(schema.Properties) == 0 {
		return
	}
	for name, inner := range schema.Properties {
		require.Contains(t, fields, name, where)
		requireSent(t, where+"."+name, inner.Value, fields[name])
	}
	for name, all := range fields {
		require.Contains(t, schema.Properties, name, where)
		if schema.AdditionalProperties.Schema == nil { // the field names are fixed
			require.Equal(t, len(all) == len(values), slices.Contains(schema.Required, name), "%s.%s is required", where, name)
		}
	}
}

// TestDocumentDescribesResponses checks that the document describes the fields that the SDK
// reads, with types that it can read.
func TestDocumentDescribesResponses(t *testing.T) {
	d := loadDocument(t)
	for _, op := range sdkOperations() {
		responses := specOf(t, d, op.Name).Responses
		response := responses.Status(http.StatusOK)
		if response == nil {
			response = responses.Status(http.StatusCreated)
		}
		data, pages, of := op.reads()
		require.Equal(t, op.Stream, response.Value.Content[eventStream] != nil, op.Name)
		switch {
		case of == nil:
			require.Empty(t, response.Value.Content["application/json"].Schema.Value.Properties["data"].Value.Properties, op.Name)
		case op.Stream:
			requireRead(t, of.Name(), response.Value.Content[eventStream].ItemSchema, of)
		default:
			schema := response.Value.Content["application/json"].Schema.Value
			requireRead(t, op.Name, schema.Properties["data"], data)
			if pages {
				requireRead(t, "Pagination", schema.Properties["pagination"], reflect.TypeFor[agento.Pagination]())
			}
		}
	}
	requireRead(t, "Error", d.doc.Components.Schemas["Error"], reflect.TypeFor[errorFields]())
}

// reads returns the type of the data in a response, whether the response has a pagination
// object, and the type of an object, a row or an event.
func (op sdkOperation) reads() (data reflect.Type, pages bool, of reflect.Type) {
	switch t := op.method.Type.Out(0); {
	case t == errorType:
		return nil, false, nil
	case t.Kind() == reflect.Slice:
		return t, false, t.Elem()
	case op.Stream:
		events, _ := t.MethodByName("Events")
		of = events.Type.Out(0).Elem()
		return of, false, of
	default:
		if field, ok := t.Elem().FieldByName("Data"); ok && strings.HasPrefix(t.Elem().Name(), "Page[") {
			return field.Type, true, field.Type.Elem()
		}
		return t.Elem(), false, t.Elem()
	}
}

// requireRead compares a schema with the type that the SDK reads it into.
func requireRead(t *testing.T, where string, ref *openapi3.SchemaRef, of reflect.Type) {
	t.Helper()
	examples := map[string]string{"string": `"x"`, "integer": "1", "number": "1.5", "boolean": "true", "null": "null", "array": "[]", "object": "{}"}
	of = element(of)
	alternatives := ref.Value.OneOf
	if alternatives == nil {
		alternatives = openapi3.SchemaRefs{ref}
	}
	for _, one := range alternatives {
		s := one.Value
		for _, kind := range s.Type.Slice() {
			example := examples[kind]
			if s.Format == "date-time" && kind == "string" {
				example = `"2026-01-15T10:30:00.000Z"`
			}
			if kind == "object" && fieldsOf(of) != nil {
				continue // its fields are compared separately
			}
			require.NoError(t, json.Unmarshal([]byte(example), reflect.New(of).Interface()), "%s: %s", where, kind)
		}
		switch {
		case s.Items != nil:
			requireRead(t, where+"[]", s.Items, of.Elem())
		case s.AdditionalProperties.Schema != nil:
			requireRead(t, where+".*", s.AdditionalProperties.Schema, of.Elem())
		case s.Properties != nil:
			names := map[string]reflect.Type{}
			for _, f := range fieldsOf(of) {
				names[f.Name] = f.Type
			}
			require.ElementsMatch(t, slices.Collect(maps.Keys(names)), slices.Collect(maps.Keys(s.Properties)), where)
			for name, field := range s.Properties {
				requireRead(t, where+"."+name, field, names[name])
			}
		}
	}
}

// TestUntaggedFields checks the list of fields of types that decode their own JSON.
func TestUntaggedFields(t *testing.T) {
	for of, fields := range untagged {
		t.Run(of.Name(), func(t *testing.T) {
			whole := map[string]any{}
			for _, f := range fields {
				whole[f.Name] = sampleOf(f)
			}
			all := decode(t, of, whole)
			for i := range of.NumField() {
				if name := of.Field(i).Name; of.Field(i).IsExported() && name != "Reconnected" && name != "ID" {
					require.False(t, all.Field(i).IsZero(), "%s.%s is set by no field in the list", of.Name(), name)
				}
			}
			for _, f := range fields {
				if f.Group == "content" { // one of the group is enough
					alone := decode(t, of, map[string]any{f.Name: sampleOf(f)})
					require.Equal(t, sampleOf(f), alone.FieldByName("Content").Interface())
					continue
				}
				// Include the fields that are required to read the others.
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

func sampleOf(f field) any {
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

// decode decodes JSON as the SDK does: chat events from a stream, others from a response.
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

// chatEvent reads one event. An error event becomes the stream's error, from which chatEvent
// reconstructs it.
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

// TestKnownValuesAreConstants compares the document's known values with the SDK's constants.
// Regions, and codes that end in _not_found, have no constants.
func TestKnownValuesAreConstants(t *testing.T) {
	want := map[string][]string{}
	files, err := filepath.Glob("../*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		collectConstants(t, file, want)
	}
	schemas := loadDocument(t).doc.Components.Schemas
	for of, ref := range map[string]*openapi3.SchemaRef{
		"Status": schemas["Status"], "SkillSource": schemas["SkillSource"], "Code": schemas["Error"].Value.Properties["code"],
		"Role": schemas["Message"].Value.Properties["role"], "LogLevel": schemas["LogEntry"].Value.Properties["level"],
		"ChatType": schemas["ChatEvent"].Value.Properties["type"],
	} {
		known := slices.Collect(maps.Keys(ref.Value.Extensions["x-known-values"].(map[string]any)))
		known = slices.DeleteFunc(known, func(value string) bool {
			return strings.HasSuffix(value, "_not_found") && !slices.Contains(want[of], value)
		})
		require.ElementsMatch(t, want[of], known, of)
		require.NotEmpty(t, known, of)
		delete(want, of)
	}
	delete(want, "StreamEndReason") // not part of the API
	require.Empty(t, want)
}

// collectConstants finds exported constants of named string types, and the untyped ones for
// the types of chat events.
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
