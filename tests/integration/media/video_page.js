// A browser that shows coloured pictures with a moving bar, says a tone, and looks at what it is shown.
'use strict';

const pictures = [];
let connection;
let voice;

// Grains of two by two points that no picture has in common with the one before: nothing costs more to encode.
function flicker(width, height) {
  const pictures = [];
  for (let number = 0; number < 8; number++) {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [width / 2, height / 2];
    const context = canvas.getContext('2d');
    const grains = context.createImageData(canvas.width, canvas.height);
    for (let at = 0; at < grains.data.length; at++) {
      grains.data[at] = at % 4 === 3 ? 255 : Math.random() * 256;
    }
    context.putImageData(grains, 0, 0);
    pictures.push(canvas);
  }
  return pictures;
}

function picture(colour, width, height, noise) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext('2d');
  const one = { colour, place: 0 };
  const grains = noise ? flicker(width, height / 8) : [];
  pictures.push(one);
  setInterval(() => {
    one.place = (one.place + 4) % width;
    context.fillStyle = one.colour;
    context.fillRect(0, 0, width, height);
    context.fillStyle = 'white';
    context.fillRect(one.place, height / 2, width / 8, height / 2);
    if (noise) {
      // Where nobody looks: neither at the colour nor at the bar.
      const flickering = grains[(one.place / 4) % grains.length];
      context.drawImage(flickering, 0, height * 0.4, width, height / 8);
      context.drawImage(flickering, 0, height * 0.85, width, height / 8);
    }
  }, 60);
  return canvas.captureStream(15).getVideoTracks()[0];
}

function tone() {
  const context = new AudioContext();
  const [oscillator, gain] = [context.createOscillator(), context.createGain()];
  const out = context.createMediaStreamDestination();
  gain.gain.value = 0;
  oscillator.connect(gain).connect(out);
  oscillator.start();
  voice = gain.gain;
  return out.stream.getAudioTracks()[0];
}

// `codec` is put first; `layers` are encodings of simulcast; `receive` are further places to look at others.
async function offer({ colours, codec, layers, size, noise, receive }) {
  connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  connection.addTransceiver(tone(), { direction: 'sendrecv' });
  for (const colour of colours) {
    const track = picture(colour, ...size, noise);
    const options = { direction: 'sendrecv', ...(layers ? { sendEncodings: layers } : {}) };
    const transceiver = connection.addTransceiver(track, options);
    prefer(transceiver, codec);
  }
  for (let place = 0; place < receive; place++) {
    prefer(connection.addTransceiver('video', { direction: 'recvonly' }), codec);
  }
  await connection.setLocalDescription();
  return connection.localDescription.sdp;
}

function prefer(transceiver, codec) {
  const all = RTCRtpReceiver.getCapabilities('video').codecs;
  const first = all.filter(({ mimeType }) => mimeType.toLowerCase() === `video/${codec.toLowerCase()}`);
  transceiver.setCodecPreferences([...first, ...all.filter((one) => !first.includes(one))]);
}

async function accept(sdp) {
  await connection.setRemoteDescription({ type: 'answer', sdp });
  for (const transceiver of connection.getTransceivers()) {
    const parameters = transceiver.sender.getParameters();
    if (parameters.encodings.length > 1) {
      // All layers on a busy processor as well, with fewer pictures.
      parameters.degradationPreference = 'maintain-resolution';
      await transceiver.sender.setParameters(parameters);
    }
    if (transceiver.receiver.track.kind === 'video') {
      const video = document.createElement('video');
      [video.id, video.muted, video.autoplay] = [`video-${transceiver.mid}`, true, true];
      video.srcObject = new MediaStream([transceiver.receiver.track]);
      document.body.append(video);
    }
  }
}

// The colour of a corner, where the bar never is, and where the bar is; null before the first picture.
function seen(mid) {
  const video = document.getElementById(`video-${mid}`);
  const { videoWidth: width, videoHeight: height } = video;
  if (!width || !height) {
    return null;
  }
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(video, 0, 0);
  const corner = context.getImageData(width / 4, height / 8, width / 2, height / 4).data;
  const colour = [0, 1, 2].map((part) => {
    let sum = 0;
    for (let at = part; at < corner.length; at += 4) {
      sum += corner[at];
    }
    return Math.round(sum / (corner.length / 4));
  });
  const row = context.getImageData(0, Math.round(height * 0.75), width, 1).data;
  let bar = -1;
  for (let at = 0; at < width && bar < 0; at++) {
    if (row[at * 4] > 190 && row[at * 4 + 1] > 190 && row[at * 4 + 2] > 190) {
      bar = at / width;
    }
  }
  return { width, height, colour, bar, frames: video.getVideoPlaybackQuality().totalVideoFrames };
}

function speak(loudness) {
  voice.value = loudness;
}

function paint(place, colour) {
  pictures[place].colour = colour;
}

async function stop(place) {
  const sender = connection.getSenders().filter(({ track }) => track?.kind === 'video')[place];
  await sender.replaceTrack(null);
}

async function figures() {
  const found = [];
  for (const one of (await connection.getStats()).values()) {
    if (['inbound-rtp', 'outbound-rtp'].includes(one.type) && one.kind === 'video') {
      const { type, mid, framesDecoded, framesEncoded, freezeCount, pliCount, packetsLost, keyFramesDecoded, rid } = one;
      const { nackCount, retransmittedPacketsReceived, frameWidth, qualityLimitationReason, targetBitrate } = one;
      found.push({
        type, mid, framesDecoded, framesEncoded, freezeCount, pliCount, packetsLost, keyFramesDecoded, rid,
        nackCount, retransmittedPacketsReceived, frameWidth, qualityLimitationReason, targetBitrate,
      });
    }
  }
  return found;
}

window.videoPage = { offer, accept, seen, speak, paint, stop, figures };
