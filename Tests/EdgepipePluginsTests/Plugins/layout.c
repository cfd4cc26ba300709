/* Prints where every field of the interface lies: compiled with an old header and with the present one. */
#include <stdio.h>

#include "edgepipe/plugin.h"

#define FIELD(type, field) \
  printf("%s.%s %zu %zu\n", #type, #field, offsetof(type, field), sizeof(((type *)0)->field))

int main(void) {
  FIELD(edgepipe_picture, size); FIELD(edgepipe_picture, width); FIELD(edgepipe_picture, height);
  FIELD(edgepipe_picture, plane_count); FIELD(edgepipe_picture, format); FIELD(edgepipe_picture, data);
  FIELD(edgepipe_picture, stride); FIELD(edgepipe_picture, row_bytes); FIELD(edgepipe_picture, rows);
  FIELD(edgepipe_picture, range); FIELD(edgepipe_picture, matrix); FIELD(edgepipe_picture, primaries);
  FIELD(edgepipe_picture, transfer); FIELD(edgepipe_picture, rotation); FIELD(edgepipe_picture, reserved);
  FIELD(edgepipe_detection, size); FIELD(edgepipe_detection, flags); FIELD(edgepipe_detection, stage);
  FIELD(edgepipe_detection, label); FIELD(edgepipe_detection, class_index); FIELD(edgepipe_detection, score);
  FIELD(edgepipe_detection, x); FIELD(edgepipe_detection, y); FIELD(edgepipe_detection, width);
  FIELD(edgepipe_detection, height); FIELD(edgepipe_detection, track); FIELD(edgepipe_detection, landmarks);
  FIELD(edgepipe_detection, landmark_count); FIELD(edgepipe_detection, reserved);
  FIELD(edgepipe_event, size); FIELD(edgepipe_event, flags); FIELD(edgepipe_event, stage); FIELD(edgepipe_event, kind);
  FIELD(edgepipe_event, label); FIELD(edgepipe_event, track); FIELD(edgepipe_event, fields);
  FIELD(edgepipe_attachment, size); FIELD(edgepipe_attachment, reserved); FIELD(edgepipe_attachment, name);
  FIELD(edgepipe_attachment, data); FIELD(edgepipe_attachment, length);
  FIELD(edgepipe_frame, size); FIELD(edgepipe_frame, flags); FIELD(edgepipe_frame, stream);
  FIELD(edgepipe_frame, source_stage); FIELD(edgepipe_frame, source); FIELD(edgepipe_frame, sequence);
  FIELD(edgepipe_frame, media_time_ns); FIELD(edgepipe_frame, captured_ns); FIELD(edgepipe_frame, captured_wall_ns);
  FIELD(edgepipe_frame, deadline_ns); FIELD(edgepipe_frame, now_ns); FIELD(edgepipe_frame, discontinuity);
  FIELD(edgepipe_frame, width); FIELD(edgepipe_frame, height); FIELD(edgepipe_frame, stream_state);
  FIELD(edgepipe_frame, detection_count); FIELD(edgepipe_frame, event_count); FIELD(edgepipe_frame, attachment_count);
  FIELD(edgepipe_frame, picture); FIELD(edgepipe_frame, detections); FIELD(edgepipe_frame, events);
  FIELD(edgepipe_frame, attachments);
  FIELD(edgepipe_health, size); FIELD(edgepipe_health, state); FIELD(edgepipe_health, stream);
  FIELD(edgepipe_health, since_ns); FIELD(edgepipe_health, since_wall_ns); FIELD(edgepipe_health, attempt);
  FIELD(edgepipe_health, error);
  FIELD(edgepipe_source_frame, size); FIELD(edgepipe_source_frame, is_discontinuous);
  FIELD(edgepipe_source_frame, media_time_ns); FIELD(edgepipe_source_frame, captured_ns);
  FIELD(edgepipe_source_frame, picture);
  FIELD(edgepipe_output, size); FIELD(edgepipe_output, reserved); FIELD(edgepipe_output, host);
  FIELD(edgepipe_output, begin_results); FIELD(edgepipe_output, add_detection); FIELD(edgepipe_output, add_event);
  FIELD(edgepipe_output, attach); FIELD(edgepipe_output, new_picture); FIELD(edgepipe_output, set_picture);
  FIELD(edgepipe_output, set_frame);
  FIELD(edgepipe_context, size); FIELD(edgepipe_context, worker); FIELD(edgepipe_context, host);
  FIELD(edgepipe_context, stage); FIELD(edgepipe_context, pipeline); FIELD(edgepipe_context, is_replay);
  FIELD(edgepipe_context, reserved); FIELD(edgepipe_context, log); FIELD(edgepipe_context, fail);
  FIELD(edgepipe_context, now); FIELD(edgepipe_context, random);
  FIELD(edgepipe_host, size); FIELD(edgepipe_host, abi_version); FIELD(edgepipe_host, program);
  FIELD(edgepipe_host, extension);
  FIELD(edgepipe_stage_type, size); FIELD(edgepipe_stage_type, role); FIELD(edgepipe_stage_type, type);
  FIELD(edgepipe_stage_type, summary); FIELD(edgepipe_stage_type, flags); FIELD(edgepipe_stage_type, max_workers);
  FIELD(edgepipe_stage_type, time_limit_ms); FIELD(edgepipe_stage_type, reserved);
  FIELD(edgepipe_stage_type, formats); FIELD(edgepipe_stage_type, labels); FIELD(edgepipe_stage_type, config_schema);
  FIELD(edgepipe_stage_type, create); FIELD(edgepipe_stage_type, process); FIELD(edgepipe_stage_type, next);
  FIELD(edgepipe_stage_type, configure); FIELD(edgepipe_stage_type, health); FIELD(edgepipe_stage_type, flush);
  FIELD(edgepipe_stage_type, destroy); FIELD(edgepipe_stage_type, extension);
  FIELD(edgepipe_plugin, size); FIELD(edgepipe_plugin, abi_version); FIELD(edgepipe_plugin, name);
  FIELD(edgepipe_plugin, version); FIELD(edgepipe_plugin, type_count); FIELD(edgepipe_plugin, reserved);
  FIELD(edgepipe_plugin, types);
  printf("status %d %d %d %d %d %d %d\n", EDGEPIPE_OK, EDGEPIPE_DROP_FRAME, EDGEPIPE_SKIP_FRAME, EDGEPIPE_RESTART_STAGE,
         EDGEPIPE_STOP_PIPELINE, EDGEPIPE_AGAIN, EDGEPIPE_ENDED);
  return 0;
}
