package contract

import (
	"encoding/json"
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/remsyshq/agento-go/internal/sse"
)

// eventSchemaKey names the schema of the data of one event, for which OpenAPI 3.1
// has no place.
const eventSchemaKey = "x-event-schema"

const maxEvent = 64 << 20

// closeEvent is the one type of event that has no data of its own.
const closeEvent = "close"

// checkEvents holds each whole event of a stream to its schema, and returns how
// many there are.
func (d *Document) checkEvents(media *openapi3.MediaType, body []byte) (events int, err error) {
	schema, err := d.eventSchema(media)
	if err != nil {
		return 0, err
	}
	decoder := sse.NewDecoder(maxEvent)
	for len(body) > 0 {
		n := copy(decoder.Buffer(), body)
		decoder.Advance(n)
		body = body[n:]
		for {
			event, ok, err := decoder.Next()
			if err != nil {
				return events, err
			}
			if !ok {
				break
			}
			events++
			if string(event.Type) == closeEvent {
				continue
			}
			if err := d.checkJSON(schema, event.Data); err != nil {
				return events, fmt.Errorf("event %d: %w", events, err)
			}
		}
	}
	return events, nil
}

// eventSchema reads the extension that the validator does not know.
func (d *Document) eventSchema(media *openapi3.MediaType) (*openapi3.Schema, error) {
	extension, ok := media.Extensions[eventSchemaKey]
	if !ok {
		return nil, fmt.Errorf("the document has no %s for this stream", eventSchemaKey)
	}
	encoded, err := json.Marshal(extension)
	if err != nil {
		return nil, err
	}
	var ref openapi3.SchemaRef
	if err := json.Unmarshal(encoded, &ref); err != nil {
		return nil, err
	}
	if err := d.resolve(&ref); err != nil {
		return nil, err
	}
	return ref.Value, nil
}

// resolve fills in the references of a schema that stands in an extension.
func (d *Document) resolve(ref *openapi3.SchemaRef) error {
	if ref.Ref != "" {
		name := ref.Ref[len("#/components/schemas/"):]
		found := d.doc.Components.Schemas[name]
		if found == nil {
			return fmt.Errorf("%s leads nowhere", ref.Ref)
		}
		ref.Value = found.Value
		return nil
	}
	for _, part := range ref.Value.OneOf {
		if err := d.resolve(part); err != nil {
			return err
		}
	}
	return nil
}

// checkJSON holds JSON to a schema.
func (d *Document) checkJSON(schema *openapi3.Schema, data []byte) error {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	return shorten(schema.VisitJSON(value, openapi3.EnableJSONSchema2020()))
}
