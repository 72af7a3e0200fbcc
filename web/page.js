var me,ds,Du,Kt,Dl,Oo,hs,Ro,ms,Ol,Fl,Fu,ro=Symbol.for("pv"),No={},Io=[],Ou=/^m(i|n|o|s|text|space)$/,Nl=Array.isArray,Il=Io.slice,pn=Object.assign;function fn(e){e&&e.parentNode&&e.remove()}function b(e,t,n){var o,l,r,s={},a=arguments.length;for(r in t)r=="key"?o=t[r]:r=="ref"&&typeof e!="function"?l=t[r]:s[r]=t[r];return a>2&&(s.children=a>3?Il.call(arguments,2):n),lo(e,s,o,l,null)}function lo(e,t,n,o,l){var r={type:e,props:t,key:n,ref:o,__k:null,__:null,__b:0,__e:null,__c:null,constructor:ro,__v:l||++ds,__i:-1,__u:0};return!l&&me.vnode&&me.vnode(r),r}function zo(e){return e.children}function Do(e,t){this.props=e,this.context=t,this.__g=0}function Jt(e,t){if(t==null)return e.__&&Jt(e.__,e.__i+1);for(var n;t<e.__k.length;t++)if((n=e.__k[t])&&n.__e)return n.__e;return typeof e.type!="function"||e.props.__P?null:Jt(e)}function Nu(e){var t,n=e.__v,o=n.__e,l=[],r=[],s=e.__P;s&&((t=pn({constructor:ro},n)).__v=n.__v+1,me.vnode&&me.vnode(t),zl(s,t,n,e.__n,s.namespaceURI,32&n.__u?[o]:null,l,o||Jt(n),32&n.__u,r),t.__v=n.__v,t.__.__k[t.__i]=t,vs(l,t,r),n.__=n.__e=null,t.__e!=o&&gs(t))}function gs(e){if((e=e.__)&&e.__c&&!e.props.__P)return e.__e=null,e.__k.some(function(t){return t&&(e.__e=t.__e)}),gs(e)}function fs(e){(8&e.__g||(e.__g|=8,Kt.push(e),Oo++))&&Dl==me.debounceRendering||((Dl=me.debounceRendering)||queueMicrotask)(_s)}function _s(){try{for(var e,t=1;Kt.length;)Kt.length>t&&Kt.sort(hs),e=Kt.shift(),t=Kt.length,8&e.__g&&Nu(e)}finally{(Oo=Kt.length)&&(Dl||queueMicrotask)(_s)}}function ws(e,t,n,o,l,r,s,a,c,p,d){var m,_,w,k,P,T,L=o.__k||Io,v=t.length;for(c=Iu(n,t,L,c,v),m=0;m<v;m++)(w=n.__k[m])!=null&&(_=~w.__i&&L[w.__i]||No,w.__i=m,T=zl(e,w,_,l,r,s,a,c,p,d),k=w.__e,(_.ref!=w.ref||8&_.__u)&&(_.ref&&Vl(_.ref,null,w,_),w.ref&&d.push(w.ref,w.__c||k,w)),P=P||k,4&w.__u?(c=xs(w,c,e,!_.__v),_.__e&&(_.__e=null)):typeof w.type=="function"&&T!==void 0?c=T:k&&(c=k.nextSibling),w.__u&=-21);return n.__e=P,c}function Iu(e,t,n,o,l){var r,s,a,c,p,d,m,_,w,k=n.length,P=k,T=0,L=0,v=e.__k=Array(l);for(r=0;r<l;r++)(s=t[r])!=null&&typeof s!="boolean"&&typeof s!="function"?(typeof s!="object"||s.constructor===String?s=v[r]=lo(null,s):Nl(s)?s=v[r]=lo(zo,{children:s}):s.constructor===ro&&s.__b?s=v[r]=lo(s.type,s.props,s.key,s.ref,s.__v):v[r]=s,c=r+T,s.__=e,s.__b=e.__b+1,a=null,~(p=s.__i=zu(s,n,c,P))&&(P--,(a=n[p])&&(a.__u|=2)),a&&a.__v?(s.__u|=16,p==c-1?T--:p==c+1?T++:p!=c&&(p>c?T--:T++,L=1)):(~p||(l>k?T--:l<k&&T++),typeof s.type!="function"&&(s.__u|=4))):v[r]=null;if(L){for(d=[],m=[],r=0;r<l;r++)if((s=v[r])&&16&s.__u){for(T=0,_=d.length;T<_;)d[w=T+_>>1]<s.__i?T=w+1:_=w;d[T]=s.__i,m[r]=T+1}for(T=d.length;r--;)m[r]&&(m[r]==T?T--:v[r].__u|=4)}if(P)for(r=0;r<k;r++)!(a=n[r])||2&a.__u||(a.__e==o&&(o=Jt(a)),Wl(a,a));return o}function xs(e,t,n,o){var l,r,s,a;if(typeof e.type=="function"){if(e.props.__P)return t;if(l=e.__k)for(r=0;r<l.length;r++)l[r]&&(l[r].__=e,t=xs(l[r],t,n,!1));return t}for(t&&!t.parentNode&&(t=Jt(e))&&!t.parentNode&&(t=null),s=e.__e,a=t;a&&a.nodeType==8;)a=a.nextSibling;for(s!=a&&(!o&&n.moveBefore&&s.parentNode?n.moveBefore(s,t):n.insertBefore(s,t||null)),t=s;(t=t&&t.nextSibling)&&t.nodeType==8&&!t.data.startsWith("$s"););return t}function zu(e,t,n,o){var l,r=e.key,s=e.type,a=t[n],c=a&&!(2&a.__u);if(a===null&&r==null||c&&r==a.key&&s==a.type)return n;if(o>(c?1:0)){for(l=n-1;l>=0;l--)if((a=t[l])&&!(2&a.__u)&&r==a.key&&s==a.type)return l;for(l=n+1;l<t.length;l++)if((a=t[l])&&!(2&a.__u)&&r==a.key&&s==a.type)return l}return-1}function ps(e,t,n){n==null&&(n=""),t[0]=="-"?e.setProperty(t,n):e[t]=n}function $o(e,t,n,o,l){var r,s;if(t=="style")if(typeof n=="string")e.style.cssText=n;else{if(typeof o=="string"&&(e.style.cssText=o=""),o)for(t in o)n&&t in n||ps(e.style,t);if(n)for(t in n)o&&n[t]==o[t]||ps(e.style,t,n[t])}else if(t[0]=="o"&&t[1]=="n")typeof n!="function"&&(n=null),typeof o!="function"&&(o=null),(e.__e||(e.__e={}))[t]=n,n&&o||(s=Fl[t]||(Fl[t]=Vu(t)),(e.__a||(e.__a={}))[t]=Ol,r=t!=(t=t.replace(ms,"$1")),(t=t.slice(2))[0]<"a"&&(t=t.toLowerCase()),n?e.addEventListener(t,s,r):e.removeEventListener(t,s,r));else{if(l=="http://www.w3.org/2000/svg")t=t.replace(/xlink(H|:h)/,"h").replace(/sName$/,"s");else if(t!="width"&&t!="height"&&t!="href"&&t!="list"&&t!="form"&&t!="tabIndex"&&t!="download"&&t!="rowSpan"&&t!="colSpan"&&t!="role"&&t!="popover"&&t in e)try{return void(e[t]=n??"")}catch{}if(typeof n=="function")return;n==null||n===!1&&t[4]!="-"?e.removeAttribute(t):e.setAttribute(t,t=="popover"&&n==1?"":n)}}function Vu(e){return function(t){var n=this.__e;if(n){if(n=n[e],t[Ro]==null)t[Ro]=Ol++;else if(t[Ro]<this.__a[e])return;return n(me.event?me.event(t):t)}}}function zl(e,t,n,o,l,r,s,a,c,p){var d,m,_,w,k,P,T,L,v,C,S,G,R,j,I,J,q,E,B=t.type;if(t.constructor!==ro)return null;128&n.__u&&(c=32&n.__u,d=n.__c.__z)&&(t.__u|=c,m=r=[],d.nodeType==8?a=Fo(d,r):r.push(d),a=r[0]||a),(d=me.__b)&&d(t);e:if(typeof B=="function"){_=s.length;try{if(L=t.props,v=(d=B.prototype)&&d.render,C=(d=B.contextType)&&o[d.__c],S=d?C?C.props.value:d.__:o,(w=n.__c)?(t.__c=w,2&w.__g&&(w.__g|=1)):(v?t.__c=w=new B(L,S):(t.__c=w=new Do(L,S),w.constructor=B,w.render=Hu),C&&C.sub(w),w.state||(w.state={}),w.__n=o,w.__g|=8,w.__h=[],w.__k=[]),v&&(w.__s||(w.__s=w.state),B.getDerivedStateFromProps&&(w.__s==w.state&&(w.__s=pn({},w.__s)),pn(w.__s,B.getDerivedStateFromProps(L,w.__s)))),k=w.props,P=w.state,w.__v=t,n.__c){if(L!==k&&v&&!B.getDerivedStateFromProps&&w.componentWillReceiveProps&&w.componentWillReceiveProps(L,S),t.__v==n.__v&&!(8&w.__g)||!(4&w.__g)&&w.shouldComponentUpdate&&w.shouldComponentUpdate(L,w.__s,S)===!1){t.__v!=n.__v&&(w.props=L,w.state=w.__s,w.__g&=-9),t.__e=n.__e,t.__k=n.__k,t.__k.some(function(D){D&&(D.__=t)}),Io.push.apply(w.__h,w.__k),w.__k=[],w.__h.length&&s.push(w),a=Jt(n);break e}w.componentWillUpdate&&w.componentWillUpdate(L,w.__s,S),v&&w.componentDidUpdate&&w.__h.push(function(){w.componentDidUpdate(k,P,T)})}else v&&!B.getDerivedStateFromProps&&w.componentWillMount&&w.componentWillMount(),v&&w.componentDidMount&&w.__h.push(w.componentDidMount);w.context=S,w.props=L,w.__P=e,w.__g&=-5,G=me.__r,R=v?25:0;do w.__g&=-9,G&&G(t),d=w.render(w.props,w.state=w.__s,w.context);while(8&w.__g&&++R<25);v&&(Io.push.apply(w.__h,w.__k),w.__k=[]),w.state=w.__s,w.getChildContext&&(o=pn({},o,w.getChildContext())),v&&n.__c&&w.getSnapshotBeforeUpdate&&(T=w.getSnapshotBeforeUpdate(k,P)),j=d&&d.type===zo&&d.key==null?d.props.children:d,L.__P&&(d=a,l=(e=L.__P).namespaceURI,c=r=null,n.props&&n.props.__P!=e&&(n.__k.some(function(D){D&&Wl(D,D)}),n.__k=null),a=n.__k?Jt(n,0):null),a=ws(e,Nl(j)?j:[j],t,n,o,l,r,s,a,c,p),L.__P&&(t.__e=null,a=d),t.__u&=-161,m&&m.some(fn),w.__h.length&&s.push(w),1&w.__g&&(w.__g&=-4)}catch(D){if(s.length=_,t.__v=null,c||r)if(D&&D.then){if(t.__u|=128|c,r){for(~(q=r.indexOf(a||void 0))||(q=r.length);(E=r[q-1])&&E.nodeType==8;)q--;for(;q<r.length;q++)if(E=r[q])if(r[q]=null,I){if(E==J)break}else{if(E.nodeType!=8)break;E.data.startsWith("$s")&&(J=Fo(I=E))}}if(!I){for(;a&&a.nodeType==8&&a.nextSibling;)a=a.nextSibling;I=a}(d=Fo(I=t.__c.__z||(t.__c.__z=I)))?(t.__e=I,a=d):t.__e=a,a=a&&a.nextSibling}else r&&r.some(fn);else t.__e=n.__e;t.__k||(t.__k=n.__k||[]),D&&D.then||bs(t),me.__e(D,t,n)}}else a=t.__e=Wu(n.__e,t,n,o,l,r,s,c,p,e);return(d=me.diffed)&&d(t),a}function Fo(e,t){if(e&&e.nodeType==8&&e.data.startsWith("$s"))for(var n=1;e=e.nextSibling;){if(e.nodeType==8){if(e.data.startsWith("$s"))n++;else if(e.data.startsWith("/$s")&&!--n)return e}t&&t.push(e)}}function bs(e){e&&(e.__c&&(e.__c.__g|=4),e.__k&&e.__k.some(bs))}function vs(e,t,n){for(var o=0;o<n.length;)Vl(n[o++],n[o++],n[o++]);me.__c&&me.__c(t,e),e.some(function(l){try{e=l.__h,l.__h=[],e.some(function(r){r.call(l)})}catch(r){me.__e(r,l.__v)}})}function Wu(e,t,n,o,l,r,s,a,c,p){var d,m,_,w,k,P,T,L,v=n.props||No,C=t.props,S=t.type;if(S=="svg"?l="http://www.w3.org/2000/svg":S=="math"?l="http://www.w3.org/1998/Math/MathML":l||(l="http://www.w3.org/1999/xhtml"),r){for(d=0;d<r.length;d++)if((k=r[d])&&(S?k.localName==S:k.nodeType==3)){e=k,r[d]=null;break}}if(!e){if(L=p.ownerDocument||document,!S)return L.createTextNode(C);e=L.createElementNS(l,S,C.is?C:p),a&&(me.__m&&me.__m(t,r),a=!1),r=null}if(S){if(p=S=="template"&&e.content||e,r=S=="textarea"&&C.defaultValue!=null?null:r&&Il.call(p.childNodes),!a&&r)for(v={},d=0;d<e.attributes.length;d++)v[(k=e.attributes[d]).name]=k.value;for(d in v)k=v[d],d=="dangerouslySetInnerHTML"?_=k:d=="children"||d in C||d=="value"&&"defaultValue"in C||d=="checked"&&"defaultChecked"in C||$o(e,d,null,k,l);for(d in C)k=C[d],d=="children"?w=k:d=="dangerouslySetInnerHTML"?m=k:d=="value"?P=k:d=="checked"?T=k:a&&typeof k!="function"||v[d]===k||$o(e,d,k,v[d],l);m?(a||_&&(m.__html==_.__html||m.__html==e.innerHTML)||(e.innerHTML=m.__html),t.__k=[]):(_&&(e.textContent=""),(S=="foreignObject"||l=="http://www.w3.org/1998/Math/MathML"&&Ou.test(S))&&(l="http://www.w3.org/1999/xhtml"),ws(p,Nl(w)?w:[w],t,n,o,l,r,s,r?r[0]:n.__k&&Jt(n,0),a,c),r&&r.some(fn)),a&&S!="textarea"||(d="value",S=="progress"&&P==null?e.removeAttribute(d):P==null||P===e[d]&&(S!="progress"||P)||$o(e,d,P,v[d],l),d="checked",T!=null&&T!=e[d]&&$o(e,d,T,v[d],l))}else v===C||a&&e.data==C||(e.data=C);return e}function Vl(e,t,n,o){try{typeof e=="function"?t?t.__x=e(t)||1:o&&(o=o.__c||o.__e)&&(t=o.__x)&&(o.__x=null,typeof t=="function"?t():e(null)):e.current=t}catch(l){me.__e(l,n)}}function Wl(e,t,n){var o,l,r,s;if(me.unmount&&me.unmount(e),!(o=e.ref)||o.current&&o.current!=e.__e||Vl(o,null,t,e),o=e.__c){if(o.componentWillUnmount)try{o.componentWillUnmount()}catch(a){me.__e(a,t)}o.__P=o.__n=null}if(o=e.__k)for(s=0;s<o.length;s++)o[s]&&Wl(o[s],t,typeof e.type!="function"||n&&!e.props.__P);!n&&(o=e.__c)&&(o=o.__z)&&(l=Fo(o,r=[]))&&(o==e.__e&&r.some(fn),fn(l),fn(o)),n||fn(e.__e),e.__e=e.__c=e.__=null}function Hu(e,t,n){return this.constructor(e,n)}function ys(e,t){var n,o,l,r;me.__&&me.__(e,t),t.nodeType==9&&(t=t.documentElement),o=(n=e&&32&e.__u)?null:t.__k,t.__k=lo(zo,{children:[e]}),l=[],r=[],zl(t,t.__k,o||No,No,t.namespaceURI,o?null:t.firstChild?Il.call(t.childNodes):null,l,o?o.__e:t.firstChild,n,r),vs(l,t.__k,r),t.__k.props.children=null}me={__e:function(e,t,n,o){for(var l,r,s;t=t.__;)if((l=t.__c)&&!(1&l.__g)){l.__g|=4;try{if((s=(r=l.constructor)&&r.getDerivedStateFromError)&&l.setState(r.getDerivedStateFromError(e)),l.componentDidCatch&&(l.componentDidCatch(e,o||{}),s=1),s&&8&l.__g)return void(l.__g|=2)}catch(a){e=a}}throw Oo=0,e}},ds=0,Du=function(e){return e!=null&&e.constructor===ro},Do.prototype.setState=function(e,t){var n=this.__s;n&&n!=this.state||(n=this.__s=pn({},this.state)),typeof e=="function"&&(e=e(pn({},n),this.props)),e&&(pn(n,e),this.__v&&(t&&this.__k.push(t),fs(this)))},Do.prototype.forceUpdate=function(e){this.__v&&(this.__g|=4,e&&this.__h.push(e),fs(this))},Do.prototype.render=zo,Kt=[],Oo=0,hs=function(e,t){return e.__v.__b-t.__v.__b},Ro=Symbol(),ms=/(PointerCapture)$|Capture$/i,Ol=0,Fl={},Fu=0;var ks='.uplot, .uplot *, .uplot *::before, .uplot *::after {box-sizing: border-box;}.uplot {font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif, "Apple Color Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Noto Color Emoji";line-height: 1.5;width: min-content;}.u-title {text-align: center;font-size: 18px;font-weight: bold;}.u-wrap {position: relative;user-select: none;}.u-over, .u-under {position: absolute;}.u-under {overflow: hidden;}.uplot canvas {display: block;position: relative;width: 100%;height: 100%;}.u-axis {position: absolute;}.u-legend {font-size: 14px;margin: auto;text-align: center;}.u-inline {display: block;}.u-inline * {display: inline-block;}.u-inline tr {margin-right: 16px;}.u-legend th {font-weight: 600;}.u-legend th > * {vertical-align: middle;display: inline-block;}.u-legend .u-marker {width: 1em;height: 1em;margin-right: 4px;background-clip: padding-box !important;}.u-inline.u-live th::after {content: ":";vertical-align: middle;}.u-inline:not(.u-live) .u-value {display: none;}.u-series > * {padding: 4px;}.u-series th {cursor: pointer;}.u-legend .u-off > * {opacity: 0.3;}.u-select {background: rgba(0,0,0,0.07);position: absolute;pointer-events: none;}.u-cursor-x, .u-cursor-y {position: absolute;left: 0;top: 0;pointer-events: none;will-change: transform;}.u-hz .u-cursor-x, .u-vt .u-cursor-y {height: 100%;border-right: 1px dashed #607D8B;}.u-hz .u-cursor-y, .u-vt .u-cursor-x {width: 100%;border-bottom: 1px dashed #607D8B;}.u-cursor-pt {position: absolute;top: 0;left: 0;border-radius: 50%;border: 0 solid;pointer-events: none;will-change: transform;/*this has to be !important since we set inline "background" shorthand */background-clip: padding-box !important;}.u-axis.u-off, .u-select.u-off, .u-cursor-x.u-off, .u-cursor-y.u-off, .u-cursor-pt.u-off {display: none;}';var io,Le,Hl,Ss,ql=Object.is,ao=0,Rs=[],Bl=[],Ae=me,Ms=Ae.__b,Ts=Ae.__r,As=Ae.diffed,Es=Ae.__c,Ps=Ae.unmount,Cs=Ae.__;function Gl(e,t){Ae.__h&&Ae.__h(Le,e,ao||t),ao=0;var n=Le.__H||(Le.__H={__:[],__h:[]});return e>=n.__.length&&n.__.push({}),n.__[e]}function Ue(e){return ao=1,Bu(Fs,e)}function Bu(e,t,n){var o=Gl(io++,2);if(o.t=e,!o.__c&&(o.__=[n?n(t):Fs(void 0,t),function(r){var s=(o.__N||o.__)[0],a=o.t(s,r);ql(s,a)||(o.__N=[a,o.__[1]],o.__c.setState({}))}],o.__c=Le,!Le.__f)){Le.__f=!0;var l=Le.shouldComponentUpdate;Le.shouldComponentUpdate=function(r,s,a){var c=this.__H;if(!c)return!0;var p=!1,d=this.props!=r;if(c.__.some(function(_){_.__N&&(p=!0,ql(_.__[0],_.__N[0])||(d=!0))}),l){var m=l.call(this,r,s,a);return p?m||d:m}return!p||d}}return o.__}function wt(e,t){var n=Gl(io++,3);!Ae.__s&&Ds(n.__H,t)&&(n.__P=!0,n.__=e,n.u=t,Le.__H.__h.push(n))}function Qt(e){return ao=5,st(function(){return{current:e}},[])}function st(e,t){var n=Gl(io++,7);return Ds(n.__H,t)&&(n.__=e(),n.__H=t),n.__}function Vo(e,t){return ao=8,st(function(){return e},t)}function Uu(){var e;do{for(;e=Bl.shift();)try{so(e)}catch(n){Ae.__e(n,{__:(e=e.__P)&&e.__v})}for(;e=Rs.shift();){var t=e.__H;if(e.__P&&t)try{t.__h.some(so),t.__h.some(Ul),t.__h=[]}catch(n){t.__h=[],Ae.__e(n,e.__v)}}}while(Bl.length)}Ae.__b=function(e){Le=null,Ms&&Ms(e)},Ae.__=function(e,t){e&&t.__k&&t.__k.__m&&(e.__m=t.__k.__m),Cs&&Cs(e,t)},Ae.__r=function(e){Ts&&Ts(e),io=0;var t=(Le=e.__c).__H;t&&(Hl==Le?Le.__h=[]:(t.__h.some(so),t.__h.some(Ul),io=0),t.__h=[],t.__.some(function(n){n.__N&&(n.__=n.__N),n.u=n.__N=void 0})),Hl=Le},Ae.diffed=function(e){As&&As(e);var t=e.__c;t&&t.__H&&(t.__H.__h.length&&$s(Rs.push(t)),t.__H.__.some(function(n){n.u&&(n.__H=n.u)})),Hl=Le=null},Ae.__c=function(e,t){t.some(function(n){try{n.__h.some(so),n.__h=n.__h.filter(function(o){return!o.__||Ul(o)})}catch(o){n.__h=[function(){throw o}]}}),Es&&Es(e,t)},Ae.unmount=function(e){Ps&&Ps(e);var t,n,o=e.__c;o&&o.__H&&(o.__H.__.some(function(l){try{if(l.__P&&l.__c){if(n===void 0){for(n=e.__;n&&(!n.__c||!n.__c.__P);)n=n.__;n=n&&n.__c}l.__P=n,$s(Bl.push(l))}else so(l)}catch(r){t=r}}),o.__H=void 0,t&&Ae.__e(t,o.__v))};var Ls=typeof requestAnimationFrame=="function";function Gu(e){var t,n=function(){clearTimeout(o),Ls&&cancelAnimationFrame(t),setTimeout(e)},o=setTimeout(n,35);Ls&&(t=requestAnimationFrame(n))}function $s(e){e!=1&&Ss==Ae.requestAnimationFrame||((Ss=Ae.requestAnimationFrame)||Gu)(Uu)}function so(e){var t=Le,n=e.__c;typeof n=="function"&&(e.__c=void 0,n()),Le=t}function Ul(e){var t=Le;e.__c=e.__(),Le=t}function Ds(e,t){return!e||e.length!=t.length||t.some(function(n,o){return!ql(n,e[o])})}function Fs(e,t){return typeof t=="function"?t(e):t}var De="u-",ju="uplot",Yu=De+"hz",Ku=De+"vt",Ju=De+"title",Qu=De+"wrap",Zu=De+"under",Xu=De+"over",ec=De+"axis",mn=De+"off",tc=De+"select",nc=De+"cursor-x",oc=De+"cursor-y",lc=De+"cursor-pt",rc=De+"legend",sc=De+"live",ic=De+"inline",ac=De+"series",uc=De+"marker",Os=De+"label",cc=De+"value",fo="width",po="height",uo="top",Ns="bottom",zn="left",jl="right",cr="#000",Is=cr+"0",Yl="mousemove",zs="mousedown",Kl="mouseup",Vs="mouseenter",Ws="mouseleave",Hs="dblclick",fc="resize",pc="scroll",qs="change",Uo="dppxchange",fr="--",Gn=typeof window<"u",er=Gn?document:null,Wn=Gn?window:null,dc=Gn?navigator:null,ie,Wo;function tr(){let e=devicePixelRatio;ie!=e&&(ie=e,Wo&&or(qs,Wo,tr),Wo=matchMedia(`(min-resolution: ${ie-.001}dppx) and (max-resolution: ${ie+.001}dppx)`),gn(qs,Wo,tr),Wn.dispatchEvent(new CustomEvent(Uo)))}function it(e,t){if(t!=null){let n=e.classList;!n.contains(t)&&n.add(t)}}function nr(e,t){let n=e.classList;n.contains(t)&&n.remove(t)}function xe(e,t,n){e.style[t]=n+"px"}function Tt(e,t,n,o){let l=er.createElement(e);return t!=null&&it(l,t),n?.insertBefore(l,o),l}function xt(e,t){return Tt("div",e,t)}var Bs=new WeakMap;function Ot(e,t,n,o,l){let r="translate("+t+"px,"+n+"px)",s=Bs.get(e);r!=s&&(e.style.transform=r,Bs.set(e,r),t<0||n<0||t>o||n>l?it(e,mn):nr(e,mn))}var Us=new WeakMap;function Gs(e,t,n){let o=t+n,l=Us.get(e);o!=l&&(Us.set(e,o),e.style.background=t,e.style.borderColor=n)}var js=new WeakMap;function Ys(e,t,n,o){let l=t+""+n,r=js.get(e);l!=r&&(js.set(e,l),e.style.height=n+"px",e.style.width=t+"px",e.style.marginLeft=o?-t/2+"px":0,e.style.marginTop=o?-n/2+"px":0)}var pr={passive:!0},hc={...pr,capture:!0};function gn(e,t,n,o){t.addEventListener(e,n,o?hc:pr)}function or(e,t,n,o){t.removeEventListener(e,n,pr)}Gn&&tr();function At(e,t,n,o){let l;n=n||0,o=o||t.length-1;let r=o<=2147483647;for(;o-n>1;)l=r?n+o>>1:at((n+o)/2),t[l]<e?n=l:o=l;return e-t[n]<=t[o]-e?n:o}function yi(e){return(n,o,l)=>{let r=-1,s=-1;for(let a=o;a<=l;a++)if(e(n[a])){r=a;break}for(let a=l;a>=o;a--)if(e(n[a])){s=a;break}return[r,s]}}var ki=e=>e!=null,Si=e=>e!=null&&e>0,Yo=yi(ki),mc=yi(Si);function gc(e,t,n,o=0,l=!1){let r=l?mc:Yo,s=l?Si:ki;[t,n]=r(e,t,n);let a=e[t],c=e[t];if(t>-1)if(o==1)a=e[t],c=e[n];else if(o==-1)a=e[n],c=e[t];else for(let p=t;p<=n;p++){let d=e[p];s(d)&&(d<a?a=d:d>c&&(c=d))}return[a??pe,c??-pe]}function Ko(e,t,n,o){let l=Qs(e),r=Qs(t);e==t&&(l==-1?(e*=n,t/=n):(e/=n,t*=n));let s=n==10?Vt:Mi,a=l==1?at:bt,c=r==1?bt:at,p=a(s(Re(e))),d=c(s(Re(t))),m=Hn(n,p),_=Hn(n,d);return n==10&&(p<0&&(m=de(m,-p)),d<0&&(_=de(_,-d))),o||n==2?(e=m*l,t=_*r):(e=Pi(e,m),t=Jo(t,_)),[e,t]}function dr(e,t,n,o){let l=Ko(e,t,n,o);return e==0&&(l[0]=0),t==0&&(l[1]=0),l}var hr=.1,Ks={mode:3,pad:hr},mo={pad:0,soft:null,mode:0},_c={min:mo,max:mo};function Go(e,t,n,o){return Qo(n)?Js(e,t,n):(mo.pad=n,mo.soft=o?0:null,mo.mode=o?3:0,Js(e,t,_c))}function re(e,t){return e??t}function wc(e,t,n){for(t=re(t,0),n=re(n,e.length-1);t<=n;){if(e[t]!=null)return!0;t++}return!1}function Js(e,t,n){let o=n.min,l=n.max,r=re(o.pad,0),s=re(l.pad,0),a=re(o.hard,-pe),c=re(l.hard,pe),p=re(o.soft,pe),d=re(l.soft,-pe),m=re(o.mode,0),_=re(l.mode,0),w=t-e,k=Vt(w),P=Qe(Re(e),Re(t)),T=Vt(P),L=Re(T-k);(w<1e-24||L>10)&&(w=0,(e==0||t==0)&&(w=1e-24,m==2&&p!=pe&&(r=0),_==2&&d!=-pe&&(s=0)));let v=w||P||1e3,C=Vt(v),S=Hn(10,at(C)),G=v*(w==0?e==0?.1:1:r),R=de(Pi(e-G,S/10),24),j=e>=p&&(m==1||m==3&&R<=p||m==2&&R>=p)?p:pe,I=Qe(a,R<j&&e>=j?j:Et(j,R)),J=v*(w==0?t==0?.1:1:s),q=de(Jo(t+J,S/10),24),E=t<=d&&(_==1||_==3&&q>=d||_==2&&q<=d)?d:-pe,B=Et(c,q>E&&t<=E?E:Qe(E,q));return I==B&&I==0&&(B=100),[I,B]}var xc=new Intl.NumberFormat(Gn?dc.language:"en-US"),mr=e=>xc.format(e),ut=Math,Bo=ut.PI,Re=ut.abs,at=ut.floor,$e=ut.round,bt=ut.ceil,Et=ut.min,Qe=ut.max,Hn=ut.pow,Qs=ut.sign,Vt=ut.log10,Mi=ut.log2,bc=(e,t=1)=>ut.sinh(e)*t,Jl=(e,t=1)=>ut.asinh(e/t),pe=1/0;function Zs(e){return(Vt((e^e>>31)-(e>>31))|0)+1}function lr(e,t,n){return Et(Qe(e,t),n)}function Ti(e){return typeof e=="function"}function te(e){return Ti(e)?e:()=>e}var vc=()=>{},Ai=e=>e,Ei=(e,t)=>t,yc=e=>null,Xs=e=>!0,ei=(e,t)=>e==t,kc=/\.\d*?(?=9{6,}|0{6,})/gm,_n=e=>{if(Li(e)||Xt.has(e))return e;let t=`${e}`,n=t.match(kc);if(n==null)return e;let o=n[0].length-1;if(t.indexOf("e-")!=-1){let[l,r]=t.split("e");return+`${_n(l)}e${r}`}return de(e,o)};function dn(e,t){return _n(de(_n(e/t))*t)}function Jo(e,t){return _n(bt(_n(e/t))*t)}function Pi(e,t){return _n(at(_n(e/t))*t)}function de(e,t=0){if(Li(e))return e;let n=10**t,o=e*n*(1+Number.EPSILON);return $e(o)/n}var Xt=new Map;function Ci(e){return((""+e).split(".")[1]||"").length}function _o(e,t,n,o){let l=[],r=o.map(Ci);for(let s=t;s<n;s++){let a=Re(s),c=de(Hn(e,s),a);for(let p=0;p<o.length;p++){let d=e==10?+`${o[p]}e${s}`:o[p]*c,m=(s>=0?0:a)+(s>=r[p]?0:r[p]),_=e==10?d:de(d,m);l.push(_),Xt.set(_,m)}}return l}var go={},gr=[],qn=[null,null],Zt=Array.isArray,Li=Number.isInteger,Sc=e=>e===void 0;function ti(e){return typeof e=="string"}function Qo(e){let t=!1;if(e!=null){let n=e.constructor;t=n==null||n==Object}return t}function Mc(e){return e!=null&&typeof e=="object"}var Tc=Object.getPrototypeOf(Uint8Array),$i="__proto__";function Bn(e,t=Qo){let n;if(Zt(e)){let o=e.find(l=>l!=null);if(Zt(o)||t(o)){n=Array(e.length);for(let l=0;l<e.length;l++)n[l]=Bn(e[l],t)}else n=e.slice()}else if(e instanceof Tc)n=e.slice();else if(t(e)){n={};for(let o in e)o!=$i&&(n[o]=Bn(e[o],t))}else n=e;return n}function Ee(e){let t=arguments;for(let n=1;n<t.length;n++){let o=t[n];for(let l in o)l!=$i&&(Qo(e[l])?Ee(e[l],Bn(o[l])):e[l]=Bn(o[l]))}return e}var Ac=0,Ec=1,Pc=2;function Cc(e,t,n){for(let o=0,l,r=-1;o<t.length;o++){let s=t[o];if(s>r){for(l=s-1;l>=0&&e[l]==null;)e[l--]=null;for(l=s+1;l<n&&e[l]==null;)e[r=l++]=null}}}function Lc(e,t){if(Dc(e)){let s=e[0].slice();for(let a=1;a<e.length;a++)s.push(...e[a].slice(1));return Fc(s[0])||(s=Rc(s)),s}let n=new Set;for(let s=0;s<e.length;s++){let c=e[s][0],p=c.length;for(let d=0;d<p;d++)n.add(c[d])}let o=[Array.from(n).sort((s,a)=>s-a)],l=o[0].length,r=new Map;for(let s=0;s<l;s++)r.set(o[0][s],s);for(let s=0;s<e.length;s++){let a=e[s],c=a[0];for(let p=1;p<a.length;p++){let d=a[p],m=Array(l).fill(void 0),_=t?t[s][p]:Ec,w=[];for(let k=0;k<d.length;k++){let P=d[k],T=r.get(c[k]);P===null?_!=Ac&&(m[T]=P,_==Pc&&w.push(T)):m[T]=P}Cc(m,w,l),o.push(m)}}return o}var $c=typeof queueMicrotask>"u"?e=>Promise.resolve().then(e):queueMicrotask;function Rc(e){let t=e[0],n=t.length,o=Array(n);for(let r=0;r<o.length;r++)o[r]=r;o.sort((r,s)=>t[r]-t[s]);let l=[];for(let r=0;r<e.length;r++){let s=e[r],a=Array(n);for(let c=0;c<n;c++)a[c]=s[o[c]];l.push(a)}return l}function Dc(e){let t=e[0][0],n=t.length;for(let o=1;o<e.length;o++){let l=e[o][0];if(l.length!=n)return!1;if(l!=t){for(let r=0;r<n;r++)if(l[r]!=t[r])return!1}}return!0}function Fc(e,t=100){let n=e.length;if(n<=1)return!0;let o=0,l=n-1;for(;o<=l&&e[o]==null;)o++;for(;l>=o&&e[l]==null;)l--;if(l<=o)return!0;let r=Qe(1,at((l-o+1)/t));for(let s=e[o],a=o+r;a<=l;a+=r){let c=e[a];if(c!=null){if(c<=s)return!1;s=c}}return!0}var Ri=["January","February","March","April","May","June","July","August","September","October","November","December"],Di=["Sunday","Monday","Tuesday","Wednesday","Thursday","Friday","Saturday"];function Fi(e){return e.slice(0,3)}var Oc=Di.map(Fi),Nc=Ri.map(Fi),Ic={MMMM:Ri,MMM:Nc,WWWW:Di,WWW:Oc};function co(e){return(e<10?"0":"")+e}function zc(e){return(e<10?"00":e<100?"0":"")+e}var Vc={YYYY:e=>e.getFullYear(),YY:e=>(e.getFullYear()+"").slice(2),MMMM:(e,t)=>t.MMMM[e.getMonth()],MMM:(e,t)=>t.MMM[e.getMonth()],MM:e=>co(e.getMonth()+1),M:e=>e.getMonth()+1,DD:e=>co(e.getDate()),D:e=>e.getDate(),WWWW:(e,t)=>t.WWWW[e.getDay()],WWW:(e,t)=>t.WWW[e.getDay()],HH:e=>co(e.getHours()),H:e=>e.getHours(),h:e=>{let t=e.getHours();return t==0?12:t>12?t-12:t},AA:e=>e.getHours()>=12?"PM":"AM",aa:e=>e.getHours()>=12?"pm":"am",a:e=>e.getHours()>=12?"p":"a",mm:e=>co(e.getMinutes()),m:e=>e.getMinutes(),ss:e=>co(e.getSeconds()),s:e=>e.getSeconds(),fff:e=>zc(e.getMilliseconds())};function _r(e,t){t=t||Ic;let n=[],o=/\{([a-z]+)\}|[^{]+/gi,l;for(;l=o.exec(e);)n.push(l[0][0]=="{"?Vc[l[1]]:l[0]);return r=>{let s="";for(let a=0;a<n.length;a++)s+=typeof n[a]=="string"?n[a]:n[a](r,t);return s}}var Wc=new Intl.DateTimeFormat().resolvedOptions().timeZone;function Hc(e,t){let n;return t=="UTC"||t=="Etc/UTC"?n=new Date(+e+e.getTimezoneOffset()*6e4):t==Wc?n=e:(n=new Date(e.toLocaleString("en-US",{timeZone:t})),n.setMilliseconds(e.getMilliseconds())),n}var Oi=e=>e%1==0,jo=[1,2,2.5,5],qc=_o(10,-32,0,jo),Ni=_o(10,0,32,jo),Bc=Ni.filter(Oi),hn=qc.concat(Ni),wr=`
`,Ii="{YYYY}",ni=wr+Ii,zi="{M}/{D}",ho=wr+zi,Ho=ho+"/{YY}",Vi="{aa}",Uc="{h}:{mm}",Vn=Uc+Vi,oi=wr+Vn,li=":{ss}",ue=null;function Wi(e){let t=e*1e3,n=t*60,o=n*60,l=o*24,r=l*30,s=l*365,c=(e==1?_o(10,0,3,jo).filter(Oi):_o(10,-3,0,jo)).concat([t,t*5,t*10,t*15,t*30,n,n*5,n*10,n*15,n*30,o,o*2,o*3,o*4,o*6,o*8,o*12,l,l*2,l*3,l*4,l*5,l*6,l*7,l*8,l*9,l*10,l*15,r,r*2,r*3,r*4,r*6,s,s*2,s*5,s*10,s*25,s*50,s*100]),p=[[s,Ii,ue,ue,ue,ue,ue,ue,1],[l*28,"{MMM}",ni,ue,ue,ue,ue,ue,1],[l,zi,ni,ue,ue,ue,ue,ue,1],[o,"{h}"+Vi,Ho,ue,ho,ue,ue,ue,1],[n,Vn,Ho,ue,ho,ue,ue,ue,1],[t,li,Ho+" "+Vn,ue,ho+" "+Vn,ue,oi,ue,1],[e,li+".{fff}",Ho+" "+Vn,ue,ho+" "+Vn,ue,oi,ue,1]];function d(m){return(_,w,k,P,T,L)=>{let v=[],C=T>=s,S=T>=r&&T<s,G=m(k),R=de(G*e,3),j=Ql(G.getFullYear(),C?0:G.getMonth(),S||C?1:G.getDate()),I=de(j*e,3);if(S||C){let J=S?T/r:0,q=C?T/s:0,E=R==I?R:de(Ql(j.getFullYear()+q,j.getMonth()+J,1)*e,3),B=new Date($e(E/e)),D=B.getFullYear(),Y=B.getMonth();for(let H=0;E<=P;H++){let ne=Ql(D+q*H,Y+J*H,1),W=ne-m(de(ne*e,3));E=de((+ne+W)*e,3),E<=P&&v.push(E)}}else{let J=T>=l?l:T,q=at(k)-at(R),E=I+q+Jo(R-I,J);v.push(E);let B=m(E),D=B.getHours()+B.getMinutes()/n+B.getSeconds()/o,Y=T/o,H=_.axes[w]._space,ne=L/H;for(;E=de(E+T,e==1?0:3),!(E>P);)if(Y>1){let W=at(de(D+Y,6))%24,oe=m(E).getHours()-W;oe>1&&(oe=-1),E-=oe*o,D=(D+Y)%24;let ce=v[v.length-1];de((E-ce)/T,3)*ne>=.7&&v.push(E)}else v.push(E)}return v}}return[c,p,d]}var[Gc,jc,Yc]=Wi(1),[Kc,Jc,Qc]=Wi(.001);_o(2,-53,53,[1]);function ri(e,t){return e.map(n=>n.map((o,l)=>l==0||l==8||o==null?o:t(l==1||n[8]==0?o:n[1]+o)))}function si(e,t){return(n,o,l,r,s)=>{let a=t.find(k=>s>=k[0])||t[t.length-1],c,p,d,m,_,w;return o.map(k=>{let P=e(k),T=P.getFullYear(),L=P.getMonth(),v=P.getDate(),C=P.getHours(),S=P.getMinutes(),G=P.getSeconds(),R=T!=c&&a[2]||L!=p&&a[3]||v!=d&&a[4]||C!=m&&a[5]||S!=_&&a[6]||G!=w&&a[7]||a[1];return c=T,p=L,d=v,m=C,_=S,w=G,R(P)})}}function Zc(e,t){let n=_r(t);return(o,l,r,s,a)=>l.map(c=>n(e(c)))}function Ql(e,t,n){return new Date(e,t,n)}function ii(e,t){return t(e)}var Xc="{YYYY}-{MM}-{DD} {h}:{mm}{aa}";function ai(e,t){return(n,o,l,r)=>r==null?fr:t(e(o))}function ef(e,t){let n=e.series[t];return n.width?n.stroke(e,t):n.points.width?n.points.stroke(e,t):null}function tf(e,t){return e.series[t].fill(e,t)}var nf={show:!0,live:!0,isolate:!1,mount:vc,markers:{show:!0,width:2,stroke:ef,fill:tf,dash:"solid"},idx:null,idxs:null,values:[]};function of(e,t){let n=e.cursor.points,o=xt(),l=n.size(e,t);xe(o,fo,l),xe(o,po,l);let r=l/-2;xe(o,"marginLeft",r),xe(o,"marginTop",r);let s=n.width(e,t,l);return s&&xe(o,"borderWidth",s),o}function lf(e,t){let n=e.series[t].points;return n._fill||n._stroke}function rf(e,t){let n=e.series[t].points;return n._stroke||n._fill}function sf(e,t){return e.series[t].points.size}var Zl=[0,0];function af(e,t,n){return Zl[0]=t,Zl[1]=n,Zl}function qo(e,t,n,o=!0){return l=>{l.button==0&&(!o||l.target==t)&&n(l)}}function Xl(e,t,n,o=!0){return l=>{(!o||l.target==t)&&n(l)}}var uf={show:!0,x:!0,y:!0,lock:!1,move:af,points:{one:!1,show:of,size:sf,width:0,stroke:rf,fill:lf},bind:{mousedown:qo,mouseup:qo,click:qo,dblclick:qo,mousemove:Xl,mouseleave:Xl,mouseenter:Xl},drag:{setScale:!0,x:!0,y:!1,dist:0,uni:null,click:(e,t)=>{t.stopPropagation(),t.stopImmediatePropagation()},_x:!1,_y:!1},focus:{dist:(e,t,n,o,l)=>o-l,prox:-1,bias:0},hover:{skip:[void 0],prox:null,bias:0},left:-10,top:-10,idx:null,dataIdx:null,idxs:null,event:null},Hi={show:!0,stroke:"rgba(0,0,0,0.07)",width:2},xr=Ee({},Hi,{filter:Ei}),qi=Ee({},xr,{size:10}),Bi=Ee({},Hi,{show:!1}),br='12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif, "Apple Color Emoji", "Segoe UI Emoji", "Segoe UI Symbol", "Noto Color Emoji"',Ui="bold "+br,Gi=1.5,ui={show:!0,scale:"x",stroke:cr,space:50,gap:5,alignTo:1,size:50,labelGap:0,labelSize:30,labelFont:Ui,side:2,grid:xr,ticks:qi,border:Bi,font:br,lineGap:Gi,rotate:0},cf="Value",ff="Time",ci={show:!0,scale:"x",auto:!1,sorted:1,min:pe,max:-pe,idxs:[]};function pf(e,t,n,o,l){return t.map(r=>r==null?"":mr(r))}function df(e,t,n,o,l,r,s){let a=[],c=Xt.get(l)||0;n=s?n:de(Jo(n,l),c);for(let p=n;p<=o;p=de(p+l,c))a.push(Object.is(p,-0)?0:p);return a}function rr(e,t,n,o,l,r,s){let a=[],c=e.scales[e.axes[t].scale].log,p=c==10?Vt:Mi,d=at(p(n));l=Hn(c,d),c==10&&(l=hn[At(l,hn)]);let m=n,_=l*c;c==10&&(_=hn[At(_,hn)]);do a.push(m),m=m+l,c==10&&!Xt.has(m)&&(m=de(m,Xt.get(l))),m>=_&&(l=m,_=l*c,c==10&&(_=hn[At(_,hn)]));while(m<=o);return a}function hf(e,t,n,o,l,r,s){let c=e.scales[e.axes[t].scale].asinh,p=o>c?rr(e,t,Qe(c,n),o,l):[c],d=o>=0&&n<=0?[0]:[];return(n<-c?rr(e,t,Qe(c,-o),-n,l):[c]).reverse().map(_=>-_).concat(d,p)}var ji=/./,mf=/[12357]/,gf=/[125]/,fi=/1/,sr=(e,t,n,o)=>e.map((l,r)=>t==4&&l==0||r%o==0&&n.test(l.toExponential()[l<0?1:0])?l:null);function _f(e,t,n,o,l){let r=e.axes[n],s=r.scale,a=e.scales[s],c=e.valToPos,p=r._space,d=c(10,s),m=c(9,s)-d>=p?ji:c(7,s)-d>=p?mf:c(5,s)-d>=p?gf:fi;if(m==fi){let _=Re(c(1,s)-d);if(_<p)return sr(t.slice().reverse(),a.distr,m,bt(p/_)).reverse()}return sr(t,a.distr,m,1)}function wf(e,t,n,o,l){let r=e.axes[n],s=r.scale,a=r._space,c=e.valToPos,p=Re(c(1,s)-c(2,s));return p<a?sr(t.slice().reverse(),3,ji,bt(a/p)).reverse():t}function xf(e,t,n,o){return o==null?fr:t==null?"":mr(t)}var pi={show:!0,scale:"y",stroke:cr,space:30,gap:5,alignTo:1,size:50,labelGap:0,labelSize:30,labelFont:Ui,side:3,grid:xr,ticks:qi,border:Bi,font:br,lineGap:Gi,rotate:0};function bf(e,t){let n=3+(e||1)*2;return de(n*t,3)}function vf(e,t){let{scale:n,idxs:o}=e.series[0],l=e._data[0],r=e.valToPos(l[o[0]],n,!0),s=e.valToPos(l[o[1]],n,!0),a=Re(s-r),c=e.series[t],p=a/(c.points.space*ie);return o[1]-o[0]<=p}var di={scale:null,auto:!0,sorted:0,min:pe,max:-pe},Yi=(e,t,n,o,l)=>l,hi={show:!0,auto:!0,sorted:0,gaps:Yi,alpha:1,facets:[Ee({},di,{scale:"x"}),Ee({},di,{scale:"y"})]},mi={scale:"y",auto:!0,sorted:0,show:!0,spanGaps:!1,gaps:Yi,alpha:1,points:{show:vf,filter:null},values:null,min:pe,max:-pe,idxs:[],path:null,clip:null};function yf(e,t,n,o,l){return n/10}var Ki={time:!0,auto:!0,distr:1,log:10,asinh:1,min:null,max:null,dir:1,ori:0},kf=Ee({},Ki,{time:!1,ori:1}),gi={};function Ji(e,t){let n=gi[e];return n||(n={key:e,plots:[],sub(o){n.plots.push(o)},unsub(o){n.plots=n.plots.filter(l=>l!=o)},pub(o,l,r,s,a,c,p){for(let d=0;d<n.plots.length;d++)n.plots[d]!=l&&n.plots[d].pub(o,l,r,s,a,c,p)}},e!=null&&(gi[e]=n)),n}var Un=1,ir=2;function wn(e,t,n){let o=e.mode,l=e.series[t],r=o==2?e._data[t]:e._data,s=e.scales,a=e.bbox,c=r[0],p=o==2?r[1]:r[t],d=o==2?s[l.facets[0].scale]:s[e.series[0].scale],m=o==2?s[l.facets[1].scale]:s[l.scale],_=a.left,w=a.top,k=a.width,P=a.height,T=e.valToPosH,L=e.valToPosV;return d.ori==0?n(l,c,p,d,m,T,L,_,w,k,P,Xo,jn,tl,Zi,ea):n(l,c,p,d,m,L,T,w,_,P,k,el,Yn,kr,Xi,ta)}function vr(e,t){let n=0,o=0,l=re(e.bands,gr);for(let r=0;r<l.length;r++){let s=l[r];s.series[0]==t?n=s.dir:s.series[1]==t&&(s.dir==1?o|=1:o|=2)}return[n,o==1?-1:o==2?1:o==3?2:0]}function Sf(e,t,n,o,l){let r=e.mode,s=e.series[t],a=r==2?s.facets[1].scale:s.scale,c=e.scales[a];return l==-1?c.min:l==1?c.max:c.distr==3?c.dir==1?c.min:c.max:0}function Wt(e,t,n,o,l,r){return wn(e,t,(s,a,c,p,d,m,_,w,k,P,T)=>{let L=s.pxRound,v=p.dir*(p.ori==0?1:-1),C=p.ori==0?jn:Yn,S,G;v==1?(S=n,G=o):(S=o,G=n);let R=L(m(a[S],p,P,w)),j=L(_(c[S],d,T,k)),I=L(m(a[G],p,P,w)),J=L(_(r==1?d.max:d.min,d,T,k)),q=new Path2D(l);return C(q,I,J),C(q,R,J),C(q,R,j),q})}function Zo(e,t,n,o,l,r){let s=null;if(e.length>0){s=new Path2D;let a=t==0?tl:kr,c=n;for(let m=0;m<e.length;m++){let _=e[m];if(_[1]>_[0]){let w=_[0]-c;w>0&&a(s,c,o,w,o+r),c=_[1]}}let p=n+l-c,d=10;p>0&&a(s,c,o-d/2,p,o+r+d)}return s}function Mf(e,t,n){let o=e[e.length-1];o&&o[0]==t?o[1]=n:e.push([t,n])}function yr(e,t,n,o,l,r,s){let a=[],c=e.length;for(let p=l==1?n:o;p>=n&&p<=o;p+=l)if(t[p]===null){let m=p,_=p;if(l==1)for(;++p<=o&&t[p]===null;)_=p;else for(;--p>=n&&t[p]===null;)_=p;let w=r(e[m]),k=_==m?w:r(e[_]),P=m-l;w=s<=0&&P>=0&&P<c?r(e[P]):w;let L=_+l;k=s>=0&&L>=0&&L<c?r(e[L]):k,k>=w&&a.push([w,k])}return a}function _i(e){return e==0?Ai:e==1?$e:t=>dn(t,e)}function Qi(e){let t=e==0?Xo:el,n=e==0?(l,r,s,a,c,p)=>{l.arcTo(r,s,a,c,p)}:(l,r,s,a,c,p)=>{l.arcTo(s,r,c,a,p)},o=e==0?(l,r,s,a,c)=>{l.rect(r,s,a,c)}:(l,r,s,a,c)=>{l.rect(s,r,c,a)};return(l,r,s,a,c,p=0,d=0)=>{p==0&&d==0?o(l,r,s,a,c):(p=Et(p,a/2,c/2),d=Et(d,a/2,c/2),t(l,r+p,s),n(l,r+a,s,r+a,s+c,p),n(l,r+a,s+c,r,s+c,d),n(l,r,s+c,r,s,d),n(l,r,s,r+a,s,p),l.closePath())}}var Xo=(e,t,n)=>{e.moveTo(t,n)},el=(e,t,n)=>{e.moveTo(n,t)},jn=(e,t,n)=>{e.lineTo(t,n)},Yn=(e,t,n)=>{e.lineTo(n,t)},tl=Qi(0),kr=Qi(1),Zi=(e,t,n,o,l,r)=>{e.arc(t,n,o,l,r)},Xi=(e,t,n,o,l,r)=>{e.arc(n,t,o,l,r)},ea=(e,t,n,o,l,r,s)=>{e.bezierCurveTo(t,n,o,l,r,s)},ta=(e,t,n,o,l,r,s)=>{e.bezierCurveTo(n,t,l,o,s,r)};function na(e){return(t,n,o,l,r)=>wn(t,n,(s,a,c,p,d,m,_,w,k,P,T)=>{let{pxRound:L,points:v}=s,C,S;p.ori==0?(C=Xo,S=Zi):(C=el,S=Xi);let G=de(v.width*ie,3),R=(v.size-v.width)/2*ie,j=de(R*2,3),I=new Path2D,J=new Path2D,{left:q,top:E,width:B,height:D}=t.bbox;tl(J,q-j,E-j,B+j*2,D+j*2);let Y=H=>{if(c[H]!=null){let ne=L(m(a[H],p,P,w)),W=L(_(c[H],d,T,k));C(I,ne+R,W),S(I,ne,W,R,0,Bo*2)}};if(r)r.forEach(Y);else for(let H=o;H<=l;H++)Y(H);return{stroke:G>0?I:null,fill:I,clip:J,flags:Un|ir}})}function oa(e){return(t,n,o,l,r,s)=>{o!=l&&(r!=o&&s!=o&&e(t,n,o),r!=l&&s!=l&&e(t,n,l),e(t,n,s))}}var Tf=oa(jn),Af=oa(Yn);function la(e){let t=re(e?.alignGaps,0);return(n,o,l,r)=>wn(n,o,(s,a,c,p,d,m,_,w,k,P,T)=>{[l,r]=Yo(c,l,r);let L=s.pxRound,v=D=>L(m(D,p,P,w)),C=D=>L(_(D,d,T,k)),S,G;p.ori==0?(S=jn,G=Tf):(S=Yn,G=Af);let R=p.dir*(p.ori==0?1:-1),j={stroke:new Path2D,fill:null,clip:null,band:null,gaps:null,flags:Un},I=j.stroke,J=!1;if(r-l>=P*4){let D=z=>n.posToVal(z,p.key,!0),Y=null,H=null,ne,W,Ze,be=v(a[R==1?l:r]),oe=v(a[l]),ce=v(a[r]),X=D(R==1?oe+1:ce-1);for(let z=R==1?l:r;z>=l&&z<=r;z+=R){let Pe=a[z],ve=(R==1?Pe<X:Pe>X)?be:v(Pe),ae=c[z];ve==be?ae!=null?(W=ae,Y==null?(S(I,ve,C(W)),ne=Y=H=W):W<Y?Y=W:W>H&&(H=W)):ae===null&&(J=!0):(Y!=null&&G(I,be,C(Y),C(H),C(ne),C(W)),ae!=null?(W=ae,S(I,ve,C(W)),Y=H=ne=W):(Y=H=null,ae===null&&(J=!0)),be=ve,X=D(be+R))}Y!=null&&Y!=H&&Ze!=be&&G(I,be,C(Y),C(H),C(ne),C(W))}else for(let D=R==1?l:r;D>=l&&D<=r;D+=R){let Y=c[D];Y===null?J=!0:Y!=null&&S(I,v(a[D]),C(Y))}let[E,B]=vr(n,o);if(s.fill!=null||E!=0){let D=j.fill=new Path2D(I),Y=s.fillTo(n,o,s.min,s.max,E),H=C(Y),ne=v(a[l]),W=v(a[r]);R==-1&&([W,ne]=[ne,W]),S(D,W,H),S(D,ne,H)}if(!s.spanGaps){let D=[];J&&D.push(...yr(a,c,l,r,R,v,t)),j.gaps=D=s.gaps(n,o,l,r,D),j.clip=Zo(D,p.ori,w,k,P,T)}return B!=0&&(j.band=B==2?[Wt(n,o,l,r,I,-1),Wt(n,o,l,r,I,1)]:Wt(n,o,l,r,I,B)),j})}function Ef(e){let t=re(e.align,1),n=re(e.ascDesc,!1),o=re(e.alignGaps,0),l=re(e.extend,!1);return(r,s,a,c)=>wn(r,s,(p,d,m,_,w,k,P,T,L,v,C)=>{[a,c]=Yo(m,a,c);let S=p.pxRound,{left:G,width:R}=r.bbox,j=oe=>S(k(oe,_,v,T)),I=oe=>S(P(oe,w,C,L)),J=_.ori==0?jn:Yn,q={stroke:new Path2D,fill:null,clip:null,band:null,gaps:null,flags:Un},E=q.stroke,B=_.dir*(_.ori==0?1:-1),D=I(m[B==1?a:c]),Y=j(d[B==1?a:c]),H=Y,ne=Y;l&&t==-1&&(ne=G,J(E,ne,D)),J(E,Y,D);for(let oe=B==1?a:c;oe>=a&&oe<=c;oe+=B){let ce=m[oe];if(ce==null)continue;let X=j(d[oe]),z=I(ce);t==1?J(E,X,D):J(E,H,z),J(E,X,z),D=z,H=X}let W=H;l&&t==1&&(W=G+R,J(E,W,D));let[Ze,be]=vr(r,s);if(p.fill!=null||Ze!=0){let oe=q.fill=new Path2D(E),ce=p.fillTo(r,s,p.min,p.max,Ze),X=I(ce);J(oe,W,X),J(oe,ne,X)}if(!p.spanGaps){let oe=[];oe.push(...yr(d,m,a,c,B,j,o));let ce=p.width*ie/2,X=n||t==1?ce:-ce,z=n||t==-1?-ce:ce;oe.forEach(Pe=>{Pe[0]+=X,Pe[1]+=z}),q.gaps=oe=p.gaps(r,s,a,c,oe),q.clip=Zo(oe,_.ori,T,L,v,C)}return be!=0&&(q.band=be==2?[Wt(r,s,a,c,E,-1),Wt(r,s,a,c,E,1)]:Wt(r,s,a,c,E,be)),q})}function wi(e,t,n,o,l,r,s=pe){if(e.length>1){let a=null;for(let c=0,p=1/0;c<e.length;c++)if(t[c]!==void 0){if(a!=null){let d=Re(e[c]-e[a]);d<p&&(p=d,s=Re(n(e[c],o,l,r)-n(e[a],o,l,r)))}a=c}}return s}function Pf(e){e=e||go;let t=re(e.size,[.6,pe,1]),n=e.align||0,o=e.gap||0,l=e.radius;l=l==null?[0,0]:typeof l=="number"?[l,0]:l;let r=te(l),s=1-t[0],a=re(t[1],pe),c=re(t[2],1),p=re(e.disp,go),d=re(e.each,w=>{}),{fill:m,stroke:_}=p;return(w,k,P,T)=>wn(w,k,(L,v,C,S,G,R,j,I,J,q,E)=>{let B=L.pxRound,D=n,Y=o*ie,H=a*ie,ne=c*ie,W,Ze;S.ori==0?[W,Ze]=r(w,k):[Ze,W]=r(w,k);let be=S.dir*(S.ori==0?1:-1),oe=S.ori==0?tl:kr,ce=S.ori==0?d:(O,he,Ce,kn,nn,Ct,on)=>{d(O,he,Ce,nn,kn,on,Ct)},X=re(w.bands,gr).find(O=>O.series[0]==k),z=X!=null?X.dir:0,Pe=L.fillTo(w,k,L.min,L.max,z),Ge=B(j(Pe,G,E,J)),ve,ae,vt,tt=q,ke=B(L.width*ie),Pt=!1,Nt=null,pt=null,qt=null,bn=null;m!=null&&(ke==0||_!=null)&&(Pt=!0,Nt=m.values(w,k,P,T),pt=new Map,new Set(Nt).forEach(O=>{O!=null&&pt.set(O,new Path2D)}),ke>0&&(qt=_.values(w,k,P,T),bn=new Map,new Set(qt).forEach(O=>{O!=null&&bn.set(O,new Path2D)})));let{x0:vn,size:Jn}=p;if(vn!=null&&Jn!=null){D=1,v=vn.values(w,k,P,T),vn.unit==2&&(v=v.map(Ce=>w.posToVal(I+Ce*q,S.key,!0)));let O=Jn.values(w,k,P,T);Jn.unit==2?ae=O[0]*q:ae=R(O[0],S,q,I)-R(0,S,q,I),tt=wi(v,C,R,S,q,I,tt),vt=tt-ae+Y}else tt=wi(v,C,R,S,q,I,tt),vt=tt*s+Y,ae=tt-vt;vt<1&&(vt=0),ke>=ae/2&&(ke=0),vt<5&&(B=Ai);let yo=vt>0,en=tt-vt-(yo?ke:0);ae=B(lr(en,ne,H)),ve=(D==0?ae/2:D==be?0:ae)-D*be*((D==0?Y/2:0)+(yo?ke/2:0));let je={stroke:null,fill:null,clip:null,band:null,gaps:null,flags:0},yn=Pt?null:new Path2D,It=null;if(X!=null)It=w.data[X.series[1]];else{let{y0:O,y1:he}=p;O!=null&&he!=null&&(C=he.values(w,k,P,T),It=O.values(w,k,P,T))}let tn=W*ae,Q=Ze*ae;for(let O=be==1?P:T;O>=P&&O<=T;O+=be){let he=C[O];if(he==null)continue;if(It!=null){let Xe=It[O]??0;if(he-Xe==0)continue;Ge=j(Xe,G,E,J)}let Ce=S.distr!=2||p!=null?v[O]:O,kn=R(Ce,S,q,I),nn=j(re(he,Pe),G,E,J),Ct=B(kn-ve),on=B(Qe(nn,Ge)),nt=B(Et(nn,Ge)),dt=on-nt;if(he!=null){let Xe=he<0?Q:tn,yt=he<0?tn:Q;Pt?(ke>0&&qt[O]!=null&&oe(bn.get(qt[O]),Ct,nt+at(ke/2),ae,Qe(0,dt-ke),Xe,yt),Nt[O]!=null&&oe(pt.get(Nt[O]),Ct,nt+at(ke/2),ae,Qe(0,dt-ke),Xe,yt)):oe(yn,Ct,nt+at(ke/2),ae,Qe(0,dt-ke),Xe,yt),ce(w,k,O,Ct-ke/2,nt,ae+ke,dt)}}return ke>0?je.stroke=Pt?bn:yn:Pt||(je._fill=L.width==0?L._fill:L._stroke??L._fill,je.width=0),je.fill=Pt?pt:yn,je})}function Cf(e,t){let n=re(t?.alignGaps,0);return(o,l,r,s)=>wn(o,l,(a,c,p,d,m,_,w,k,P,T,L)=>{[r,s]=Yo(p,r,s);let v=a.pxRound,C=W=>v(_(W,d,T,k)),S=W=>v(w(W,m,L,P)),G,R,j;d.ori==0?(G=Xo,j=jn,R=ea):(G=el,j=Yn,R=ta);let I=d.dir*(d.ori==0?1:-1),J=C(c[I==1?r:s]),q=J,E=[],B=[];for(let W=I==1?r:s;W>=r&&W<=s;W+=I)if(p[W]!=null){let be=c[W],oe=C(be);E.push(q=oe),B.push(S(p[W]))}let D={stroke:e(E,B,G,j,R,v),fill:null,clip:null,band:null,gaps:null,flags:Un},Y=D.stroke,[H,ne]=vr(o,l);if(a.fill!=null||H!=0){let W=D.fill=new Path2D(Y),Ze=a.fillTo(o,l,a.min,a.max,H),be=S(Ze);j(W,q,be),j(W,J,be)}if(!a.spanGaps){let W=[];W.push(...yr(c,p,r,s,I,C,n)),D.gaps=W=a.gaps(o,l,r,s,W),D.clip=Zo(W,d.ori,k,P,T,L)}return ne!=0&&(D.band=ne==2?[Wt(o,l,r,s,Y,-1),Wt(o,l,r,s,Y,1)]:Wt(o,l,r,s,Y,ne)),D})}function Lf(e){return Cf($f,e)}function $f(e,t,n,o,l,r){let s=e.length;if(s<2)return null;let a=new Path2D;if(n(a,e[0],t[0]),s==2)o(a,e[1],t[1]);else{let c=Array(s),p=Array(s-1),d=Array(s-1),m=Array(s-1);for(let _=0;_<s-1;_++)d[_]=t[_+1]-t[_],m[_]=e[_+1]-e[_],p[_]=d[_]/m[_];c[0]=p[0];for(let _=1;_<s-1;_++)p[_]===0||p[_-1]===0||p[_-1]>0!=p[_]>0?c[_]=0:(c[_]=3*(m[_-1]+m[_])/((2*m[_]+m[_-1])/p[_-1]+(m[_]+2*m[_-1])/p[_]),isFinite(c[_])||(c[_]=0));c[s-1]=p[s-2];for(let _=0;_<s-1;_++)l(a,e[_]+m[_]/3,t[_]+c[_]*m[_]/3,e[_+1]-m[_]/3,t[_+1]-c[_+1]*m[_]/3,e[_+1],t[_+1])}return a}var ar=new Set;function xi(){for(let e of ar)e.syncRect(!0)}Gn&&(gn(fc,Wn,xi),gn(pc,Wn,xi,!0),gn(Uo,Wn,()=>{qe.pxRatio=ie}));var Rf=la(),Df=na();function bi(e,t,n,o){return(o?[e[0],e[1]].concat(e.slice(2)):[e[0]].concat(e.slice(1))).map((r,s)=>ur(r,s,t,n))}function Ff(e,t){return e.map((n,o)=>o==0?{}:Ee({},t,n))}function ur(e,t,n,o){return Ee({},t==0?n:o,e)}function ra(e,t,n){return t==null?qn:[t,n]}var Of=ra;function Nf(e,t,n){return t==null?qn:Go(t,n,hr,!0)}function sa(e,t,n,o){return t==null?qn:Ko(t,n,e.scales[o].log,!1)}var If=sa;function ia(e,t,n,o){return t==null?qn:dr(t,n,e.scales[o].log,!1)}var zf=ia;function Vf(e,t,n,o,l){let r=Qe(Zs(e),Zs(t)),s=t-e,a=At(l/o*s,n);do{let c=n[a],p=o*c/s;if(p>=l&&r+(c<5?Xt.get(c):0)<=17)return[c,p]}while(++a<n.length);return[0,0]}function vi(e){let t,n;return e=e.replace(/(\d+)px/,(o,l)=>(t=$e((n=+l)*ie))+"px"),[e,t,n]}function Wf(e){e.show&&[e.font,e.labelFont].forEach(t=>{let n=de(t[2]*ie,1);t[0]=t[0].replace(/[0-9.]+px/,n+"px"),t[1]=n})}function qe(e,t,n){let o={mode:re(e.mode,1)},l=o.mode;function r(i,u,f,h){let g=u.valToPct(i);return h+f*(u.dir==-1?1-g:g)}function s(i,u,f,h){let g=u.valToPct(i);return h+f*(u.dir==-1?g:1-g)}function a(i,u,f,h){return u.ori==0?r(i,u,f,h):s(i,u,f,h)}o.valToPosH=r,o.valToPosV=s;let c=!1;o.status=0;let p=o.root=xt(ju);if(e.id!=null&&(p.id=e.id),it(p,e.class),e.title){let i=xt(Ju,p);i.textContent=e.title}let d=Tt("canvas"),m=o.ctx=d.getContext("2d"),_=xt(Qu,p);gn("click",_,i=>{i.target===k&&(ge!=Dn||ye!=Fn)&&He.click(o,i)},!0);let w=o.under=xt(Zu,_);_.appendChild(d);let k=o.over=xt(Xu,_);e=Bn(e);let P=+re(e.pxAlign,1),T=_i(P);(e.plugins||[]).forEach(i=>{i.opts&&(e=i.opts(o,e)||e)});let L=e.ms||.001,v=o.series=l==1?bi(e.series||[],ci,mi,!1):Ff(e.series||[null],hi),C=o.axes=bi(e.axes||[],ui,pi,!0),S=o.scales={},G=o.bands=e.bands||[];G.forEach(i=>{i.fill=te(i.fill||null),i.dir=re(i.dir,-1)});let R=l==2?v[1].facets[0].scale:v[0].scale,j={axes:xu,series:hu},I=(e.drawOrder||["axes","series"]).map(i=>j[i]);function J(i){let u=i.distr==3?f=>Vt(f>0?f:i.clamp(o,f,i.min,i.max,i.key)):i.distr==4?f=>Jl(f,i.asinh):i.distr==100?f=>i.fwd(f):f=>f;return f=>{let h=u(f),{_min:g,_max:x}=i,y=x-g;return(h-g)/y}}function q(i){let u=S[i];if(u==null){let f=(e.scales||go)[i]||go;if(f.from!=null){q(f.from);let h=Ee({},S[f.from],f,{key:i});h.valToPct=J(h),S[i]=h}else{u=S[i]=Ee({},i==R?Ki:kf,f),u.key=i;let h=u.time,g=u.range,x=Zt(g);if((i!=R||l==2&&!h)&&(x&&(g[0]==null||g[1]==null)&&(g={min:g[0]==null?Ks:{mode:1,hard:g[0],soft:g[0]},max:g[1]==null?Ks:{mode:1,hard:g[1],soft:g[1]}},x=!1),!x&&Qo(g))){let y=g;g=(M,A,$)=>A==null?qn:Go(A,$,y)}u.range=te(g||(h?Of:i==R?u.distr==3?If:u.distr==4?zf:ra:u.distr==3?sa:u.distr==4?ia:Nf)),u.auto=te(x?!1:u.auto),u.clamp=te(u.clamp||yf),u._min=u._max=null,u.valToPct=J(u)}}}q("x"),q("y"),l==1&&v.forEach(i=>{q(i.scale)}),C.forEach(i=>{q(i.scale)});for(let i in e.scales)q(i);let E=S[R],B=E.distr,D,Y;E.ori==0?(it(p,Yu),D=r,Y=s):(it(p,Ku),D=s,Y=r);let H={};for(let i in S){let u=S[i];(u.min!=null||u.max!=null)&&(H[i]={min:u.min,max:u.max},u.min=u.max=null)}let ne=e.tzDate||(i=>new Date($e(i/L))),W=e.fmtDate||_r,Ze=L==1?Yc(ne):Qc(ne),be=si(ne,ri(L==1?jc:Jc,W)),oe=ai(ne,ii(Xc,W)),ce=[],X=o.legend=Ee({},nf,e.legend),z=o.cursor=Ee({},uf,{drag:{y:l==2}},e.cursor),Pe=X.show,Ge=z.show,ve=X.markers;X.idxs=ce,ve.width=te(ve.width),ve.dash=te(ve.dash),ve.stroke=te(ve.stroke),ve.fill=te(ve.fill);let ae,vt,tt,ke=[],Pt=[],Nt,pt=!1,qt={};if(X.live){let i=v[1]?v[1].values:null;pt=i!=null,Nt=pt?i(o,1,0):{_:0};for(let u in Nt)qt[u]=fr}if(Pe)if(ae=Tt("table",rc,p),tt=Tt("tbody",null,ae),X.mount(o,ae),pt){vt=Tt("thead",null,ae,tt);let i=Tt("tr",null,vt);Tt("th",null,i);for(var bn in Nt)Tt("th",Os,i).textContent=bn}else it(ae,ic),X.live&&it(ae,sc);let vn={show:!0},Jn={show:!1};function yo(i,u){if(u==0&&(pt||!X.live||l==2))return qn;let f=[],h=Tt("tr",ac,tt,tt.childNodes[u]);it(h,i.class),i.show||it(h,mn);let g=Tt("th",null,h);if(ve.show){let M=xt(uc,g);if(u>0){let A=ve.width(o,u);A&&(M.style.border=A+"px "+ve.dash(o,u)+" "+ve.stroke(o,u)),M.style.background=ve.fill(o,u)}}let x=xt(Os,g);i.label instanceof HTMLElement?x.appendChild(i.label):x.textContent=i.label,u>0&&(ve.show||(x.style.color=i.width>0?ve.stroke(o,u):ve.fill(o,u)),je("click",g,M=>{if(z._lock)return;rn(M);let A=v.indexOf(i);if((M.ctrlKey||M.metaKey)!=X.isolate){let $=v.some((F,N)=>N>0&&N!=A&&F.show);v.forEach((F,N)=>{N>0&&$t(N,$?N==A?vn:Jn:vn,!0,Te.setSeries)})}else $t(A,{show:!i.show},!0,Te.setSeries)},!1),Mn&&je(Vs,g,M=>{z._lock||(rn(M),$t(v.indexOf(i),Nn,!0,Te.setSeries))},!1));for(var y in Nt){let M=Tt("td",cc,h);M.textContent="--",f.push(M)}return[h,f]}let en=new Map;function je(i,u,f,h=!0){let g=en.get(u)||{},x=z.bind[i](o,u,f,h);x&&(gn(i,u,g[i]=x),en.set(u,g))}function yn(i,u,f){let h=en.get(u)||{};for(let g in h)(i==null||g==i)&&(or(g,u,h[g]),delete h[g]);i==null&&en.delete(u)}let It=0,tn=0,Q=0,O=0,he=0,Ce=0,kn=he,nn=Ce,Ct=Q,on=O,nt=0,dt=0,Xe=0,yt=0;o.bbox={};let fl=!1,ko=!1,Sn=!1,ln=!1,So=!1,ht=!1;function pl(i,u,f){(f||i!=o.width||u!=o.height)&&Fr(i,u),Cn(!1),Sn=!0,ko=!0,Ln()}function Fr(i,u){o.width=It=Q=i,o.height=tn=O=u,he=Ce=0,iu(),au();let f=o.bbox;nt=f.left=dn(he*ie,.5),dt=f.top=dn(Ce*ie,.5),Xe=f.width=dn(Q*ie,.5),yt=f.height=dn(O*ie,.5)}let lu=3;function ru(){let i=!1,u=0;for(;!i;){u++;let f=_u(u),h=wu(u);i=u==lu||f&&h,i||(Fr(o.width,o.height),ko=!0)}}function su({width:i,height:u}){pl(i,u)}o.setSize=su;function iu(){let i=!1,u=!1,f=!1,h=!1;C.forEach((g,x)=>{if(g.show&&g._show){let{side:y,_size:M}=g,A=y%2,$=g.label!=null?g.labelSize:0,F=M+$;F>0&&(A?(Q-=F,y==3?(he+=F,h=!0):f=!0):(O-=F,y==0?(Ce+=F,i=!0):u=!0))}}),sn[0]=i,sn[1]=f,sn[2]=u,sn[3]=h,Q-=Bt[1]+Bt[3],he+=Bt[3],O-=Bt[2]+Bt[0],Ce+=Bt[0]}function au(){let i=he+Q,u=Ce+O,f=he,h=Ce;function g(x,y){switch(x){case 1:return i+=y,i-y;case 2:return u+=y,u-y;case 3:return f-=y,f+y;case 0:return h-=y,h+y}}C.forEach((x,y)=>{if(x.show&&x._show){let M=x.side;x._pos=g(M,x._size),x.label!=null&&(x._lpos=g(M,x.labelSize))}})}if(z.dataIdx==null){let i=z.hover,u=i.skip=new Set(i.skip??[]);u.add(void 0);let f=i.prox=te(i.prox),h=i.bias??=0;z.dataIdx=(g,x,y,M)=>{if(x==0)return y;let A=y,$=f(g,x,y,M)??pe,F=$>=0&&$<pe,N=E.ori==0?Q:O,K=z.left,se=t[0],le=t[x];if(u.has(le[y])){A=null;let ee=null,U=null,V;if(h==0||h==-1)for(V=y;ee==null&&V-- >0;)u.has(le[V])||(ee=V);if(h==0||h==1)for(V=y;U==null&&V++<le.length;)u.has(le[V])||(U=V);if(ee!=null||U!=null)if(F){let we=ee==null?-1/0:D(se[ee],E,N,0),Se=U==null?1/0:D(se[U],E,N,0),Ve=K-we,fe=Se-K;Ve<=fe?Ve<=$&&(A=ee):fe<=$&&(A=U)}else A=U==null?ee:ee==null?U:y-ee<=U-y?ee:U}else F&&Re(K-D(se[y],E,N,0))>$&&(A=null);return A}}let rn=i=>{z.event=i};z.idxs=ce,z._lock=!1;let Be=z.points;Be.show=te(Be.show),Be.size=te(Be.size),Be.stroke=te(Be.stroke),Be.width=te(Be.width),Be.fill=te(Be.fill);let Lt=o.focus=Ee({},e.focus||{alpha:.3},z.focus),Mn=Lt.prox>=0,Tn=Mn&&Be.one,mt=[],An=[],En=[];function Or(i,u){let f=Be.show(o,u);if(f instanceof HTMLElement)return it(f,lc),it(f,i.class),Ot(f,-10,-10,Q,O),k.insertBefore(f,mt[u]),f}function Nr(i,u){if(l==1||u>0){let f=l==1&&S[i.scale].time,h=i.value;i.value=f?ti(h)?ai(ne,ii(h,W)):h||oe:h||xf,i.label=i.label||(f?ff:cf)}if(Tn||u>0){i.width=i.width==null?1:i.width,i.paths=i.paths||Rf||yc,i.fillTo=te(i.fillTo||Sf),i.pxAlign=+re(i.pxAlign,P),i.pxRound=_i(i.pxAlign),i.stroke=te(i.stroke||null),i.fill=te(i.fill||null),i._stroke=i._fill=i._paths=i._focus=null;let f=bf(Qe(1,i.width),1),h=i.points=Ee({},{size:f,width:Qe(1,f*.2),stroke:i.stroke,space:f*2,paths:Df,_stroke:null,_fill:null},i.points);h.show=te(h.show),h.filter=te(h.filter),h.fill=te(h.fill),h.stroke=te(h.stroke),h.paths=te(h.paths),h.pxAlign=i.pxAlign}if(Pe){let f=yo(i,u);ke.splice(u,0,f[0]),Pt.splice(u,0,f[1]),X.values.push(null)}if(Ge){ce.splice(u,0,null);let f=null;Tn?u==0&&(f=Or(i,u)):u>0&&(f=Or(i,u)),mt.splice(u,0,f),An.splice(u,0,0),En.splice(u,0,0)}ze("addSeries",u)}function uu(i,u){u=u??v.length,i=l==1?ur(i,u,ci,mi):ur(i,u,{},hi),v.splice(u,0,i),Nr(v[u],u)}o.addSeries=uu;function cu(i){if(v.splice(i,1),Pe){X.values.splice(i,1),Pt.splice(i,1);let u=ke.splice(i,1)[0];yn(null,u.firstChild),u.remove()}Ge&&(ce.splice(i,1),mt.splice(i,1)[0].remove(),An.splice(i,1),En.splice(i,1)),ze("delSeries",i)}o.delSeries=cu;let sn=[!1,!1,!1,!1];function fu(i,u){if(i._show=i.show,i.show){let f=i.side%2,h=S[i.scale];h==null&&(i.scale=f?v[1].scale:R,h=S[i.scale]);let g=h.time;i.size=te(i.size),i.space=te(i.space),i.rotate=te(i.rotate),Zt(i.incrs)&&i.incrs.forEach(y=>{!Xt.has(y)&&Xt.set(y,Ci(y))}),i.incrs=te(i.incrs||(h.distr==2?Bc:g?L==1?Gc:Kc:hn)),i.splits=te(i.splits||(g&&h.distr==1?Ze:h.distr==3?rr:h.distr==4?hf:df)),i.stroke=te(i.stroke),i.grid.stroke=te(i.grid.stroke),i.ticks.stroke=te(i.ticks.stroke),i.border.stroke=te(i.border.stroke);let x=i.values;i.values=Zt(x)&&!Zt(x[0])?te(x):g?Zt(x)?si(ne,ri(x,W)):ti(x)?Zc(ne,x):x||be:x||pf,i.filter=te(i.filter||(h.distr>=3&&h.log==10?_f:h.distr==3&&h.log==2?wf:Ei)),i.font=vi(i.font),i.labelFont=vi(i.labelFont),i._size=i.size(o,null,u,0),i._space=i._rotate=i._incrs=i._found=i._splits=i._values=null,i._size>0&&(sn[u]=!0,i._el=xt(ec,_))}}function Qn(i,u,f,h){let[g,x,y,M]=f,A=u%2,$=0;return A==0&&(M||x)&&($=u==0&&!g||u==2&&!y?$e(ui.size/3):0),A==1&&(g||y)&&($=u==1&&!x||u==3&&!M?$e(pi.size/2):0),$}let Ir=o.padding=(e.padding||[Qn,Qn,Qn,Qn]).map(i=>te(re(i,Qn))),Bt=o._padding=Ir.map((i,u)=>i(o,u,sn,0)),We,Fe=null,Oe=null,Mo=l==1?v[0].idxs:null,kt=null,Zn=!1;function zr(i,u){if(t=i??[],o.data=o._data=t,l==2){We=0;for(let f=1;f<v.length;f++)We+=t[f][0].length}else{t.length==0&&(o.data=o._data=t=[[]]),kt=t[0],We=kt.length;let f=t;if(B==2){f=t.slice();let h=f[0]=Array(We);for(let g=0;g<We;g++)h[g]=g}o._data=t=f}if(Cn(!0),ze("setData"),B==2&&(Sn=!0),u!==!1){let f=E;f.auto(o,Zn)?dl():Gt(R,f.min,f.max),ln=ln||z.left>=0,ht=!0,Ln()}}o.setData=zr;function dl(){Zn=!0;let i,u;l==1&&(We>0?(Fe=Mo[0]=0,Oe=Mo[1]=We-1,i=t[0][Fe],u=t[0][Oe],B==2?(i=Fe,u=Oe):i==u&&(B==3?[i,u]=Ko(i,i,E.log,!1):B==4?[i,u]=dr(i,i,E.log,!1):E.time?u=i+$e(86400/L):[i,u]=Go(i,u,hr,!0))):(Fe=Mo[0]=i=null,Oe=Mo[1]=u=null)),Gt(R,i,u)}let To,Pn,hl,ml,gl,_l,wl,xl,bl,et;function Vr(i,u,f,h,g,x){i??=Is,f??=gr,h??="butt",g??=Is,x??="round",i!=To&&(m.strokeStyle=To=i),g!=Pn&&(m.fillStyle=Pn=g),u!=hl&&(m.lineWidth=hl=u),x!=gl&&(m.lineJoin=gl=x),h!=_l&&(m.lineCap=_l=h),f!=ml&&m.setLineDash(ml=f)}function Wr(i,u,f,h){u!=Pn&&(m.fillStyle=Pn=u),i!=wl&&(m.font=wl=i),f!=xl&&(m.textAlign=xl=f),h!=bl&&(m.textBaseline=bl=h)}function vl(i,u,f,h,g=0){if(h.length>0&&i.auto(o,Zn)&&(u==null||u.min==null)){let x=re(Fe,0),y=re(Oe,h.length-1),M=f.min==null?gc(h,x,y,g,i.distr==3):[f.min,f.max];i.min=Et(i.min,f.min=M[0]),i.max=Qe(i.max,f.max=M[1])}}let Hr={min:null,max:null};function pu(){for(let h in S){let g=S[h];H[h]==null&&(g.min==null||H[R]!=null&&g.auto(o,Zn))&&(H[h]=Hr)}for(let h in S){let g=S[h];H[h]==null&&g.from!=null&&H[g.from]!=null&&(H[h]=Hr)}H[R]!=null&&Cn(!0);let i={};for(let h in H){let g=H[h];if(g!=null){let x=i[h]=Bn(S[h],Mc);if(g.min!=null)Ee(x,g);else if(h!=R||l==2)if(We==0&&x.from==null){let y=x.range(o,null,null,h);x.min=y[0],x.max=y[1]}else x.min=pe,x.max=-pe}}if(We>0){v.forEach((h,g)=>{if(l==1){let x=h.scale,y=H[x];if(y==null)return;let M=i[x];if(g==0){let A=M.range(o,M.min,M.max,x);M.min=A[0],M.max=A[1],Fe=At(M.min,t[0]),Oe=At(M.max,t[0]),Oe-Fe>1&&(t[0][Fe]<M.min&&Fe++,t[0][Oe]>M.max&&Oe--),h.min=kt[Fe],h.max=kt[Oe]}else h.show&&h.auto&&vl(M,y,h,t[g],h.sorted);h.idxs[0]=Fe,h.idxs[1]=Oe}else if(g>0&&h.show&&h.auto){let[x,y]=h.facets,M=x.scale,A=y.scale,[$,F]=t[g],N=i[M],K=i[A];N!=null&&vl(N,H[M],x,$,x.sorted),K!=null&&vl(K,H[A],y,F,y.sorted),h.min=y.min,h.max=y.max}});for(let h in i){let g=i[h],x=H[h];if(g.from==null&&(x==null||x.min==null)){let y=g.range(o,g.min==pe?null:g.min,g.max==-pe?null:g.max,h);g.min=y[0],g.max=y[1]}}}for(let h in i){let g=i[h];if(g.from!=null){let x=i[g.from];if(x.min==null)g.min=g.max=null;else{let y=g.range(o,x.min,x.max,h);g.min=y[0],g.max=y[1]}}}let u={},f=!1;for(let h in i){let g=i[h],x=S[h];if(x.min!=g.min||x.max!=g.max){x.min=g.min,x.max=g.max;let y=x.distr;x._min=y==3?Vt(x.min):y==4?Jl(x.min,x.asinh):y==100?x.fwd(x.min):x.min,x._max=y==3?Vt(x.max):y==4?Jl(x.max,x.asinh):y==100?x.fwd(x.max):x.max,u[h]=f=!0}}if(f){v.forEach((h,g)=>{l==2?g>0&&u.y&&(h._paths=null):u[h.scale]&&(h._paths=null)});for(let h in u)Sn=!0,ze("setScale",h);Ge&&z.left>=0&&(ln=ht=!0)}for(let h in H)H[h]=null}function du(i){let u=lr(Fe-1,0,We-1),f=lr(Oe+1,0,We-1);for(;i[u]==null&&u>0;)u--;for(;i[f]==null&&f<We-1;)f++;return[u,f]}function hu(){if(We>0){let i=v.some(u=>u._focus)&&et!=Lt.alpha;i&&(m.globalAlpha=et=Lt.alpha),v.forEach((u,f)=>{if(f>0&&u.show&&(qr(f,!1),qr(f,!0),u._paths==null)){let h=et;et!=u.alpha&&(m.globalAlpha=et=u.alpha);let g=l==2?[0,t[f][0].length-1]:du(t[f]);u._paths=u.paths(o,f,g[0],g[1]),et!=h&&(m.globalAlpha=et=h)}}),v.forEach((u,f)=>{if(f>0&&u.show){let h=et;et!=u.alpha&&(m.globalAlpha=et=u.alpha),u._paths!=null&&Br(f,!1);{let g=u._paths!=null?u._paths.gaps:null,x=u.points.show(o,f,Fe,Oe,g),y=u.points.filter(o,f,x,g);(x||y)&&(u.points._paths=u.points.paths(o,f,Fe,Oe,y),Br(f,!0))}et!=h&&(m.globalAlpha=et=h),ze("drawSeries",f)}}),i&&(m.globalAlpha=et=1)}}function qr(i,u){let f=u?v[i].points:v[i];f._stroke=f.stroke(o,i),f._fill=f.fill(o,i)}function Br(i,u){let f=u?v[i].points:v[i],{stroke:h,fill:g,clip:x,flags:y,_stroke:M=f._stroke,_fill:A=f._fill,_width:$=f.width}=f._paths;$=de($*ie,3);let F=null,N=$%2/2;u&&A==null&&(A=$>0?"#fff":M);let K=f.pxAlign==1&&N>0;if(K&&m.translate(N,N),!u){let se=nt-$/2,le=dt-$/2,ee=Xe+$,U=yt+$;F=new Path2D,F.rect(se,le,ee,U)}u?yl(M,$,f.dash,f.cap,A,h,g,y,x):mu(i,M,$,f.dash,f.cap,A,h,g,y,F,x),K&&m.translate(-N,-N)}function mu(i,u,f,h,g,x,y,M,A,$,F){let N=!1;A!=0&&G.forEach((K,se)=>{if(K.series[0]==i){let le=v[K.series[1]],ee=t[K.series[1]],U=(le._paths||go).band;Zt(U)&&(U=K.dir==1?U[0]:U[1]);let V,we=null;le.show&&U&&wc(ee,Fe,Oe)?(we=K.fill(o,se)||x,V=le._paths.clip):U=null,yl(u,f,h,g,we,y,M,A,$,F,V,U),N=!0}}),N||yl(u,f,h,g,x,y,M,A,$,F)}let Ur=Un|ir;function yl(i,u,f,h,g,x,y,M,A,$,F,N){Vr(i,u,f,h,g),(A||$||N)&&(m.save(),A&&m.clip(A),$&&m.clip($)),N?(M&Ur)==Ur?(m.clip(N),F&&m.clip(F),Eo(g,y),Ao(i,x,u)):M&ir?(Eo(g,y),m.clip(N),Ao(i,x,u)):M&Un&&(m.save(),m.clip(N),F&&m.clip(F),Eo(g,y),m.restore(),Ao(i,x,u)):(Eo(g,y),Ao(i,x,u)),(A||$||N)&&m.restore()}function Ao(i,u,f){f>0&&(u instanceof Map?u.forEach((h,g)=>{m.strokeStyle=To=g,m.stroke(h)}):u!=null&&i&&m.stroke(u))}function Eo(i,u){u instanceof Map?u.forEach((f,h)=>{m.fillStyle=Pn=h,m.fill(f)}):u!=null&&i&&m.fill(u)}function gu(i,u,f,h){let g=C[i],x;if(h<=0)x=[0,0];else{let y=g._space=g.space(o,i,u,f,h),M=g._incrs=g.incrs(o,i,u,f,h,y);x=Vf(u,f,M,h,y)}return g._found=x}function kl(i,u,f,h,g,x,y,M,A,$){let F=y%2/2;P==1&&m.translate(F,F),Vr(M,y,A,$,M),m.beginPath();let N,K,se,le,ee=g+(h==0||h==3?-x:x);f==0?(K=g,le=ee):(N=g,se=ee);for(let U=0;U<i.length;U++)u[U]!=null&&(f==0?N=se=i[U]:K=le=i[U],m.moveTo(N,K),m.lineTo(se,le));m.stroke(),P==1&&m.translate(-F,-F)}function _u(i){let u=!0;return C.forEach((f,h)=>{if(!f.show)return;let g=S[f.scale];if(g.min==null){f._show&&(u=!1,f._show=!1,Cn(!1));return}else f._show||(u=!1,f._show=!0,Cn(!1));let x=f.side,y=x%2,{min:M,max:A}=g,[$,F]=gu(h,M,A,y==0?Q:O);if(F==0)return;let N=g.distr==2,K=f._splits=f.splits(o,h,M,A,$,F,N),se=g.distr==2?K.map(V=>kt[V]):K,le=g.distr==2?kt[K[1]]-kt[K[0]]:$,ee=f._values=f.values(o,f.filter(o,se,h,F,le),h,F,le);f._rotate=x==2?f.rotate(o,ee,h,F):0;let U=f._size;f._size=bt(f.size(o,ee,h,i)),U!=null&&f._size!=U&&(u=!1)}),u}function wu(i){let u=!0;return Ir.forEach((f,h)=>{let g=f(o,h,sn,i);g!=Bt[h]&&(u=!1),Bt[h]=g}),u}function xu(){for(let i=0;i<C.length;i++){let u=C[i];if(!u.show||!u._show)continue;let f=u.side,h=f%2,g,x,y=u.stroke(o,i),M=f==0||f==3?-1:1,[A,$]=u._found;if(u.label!=null){let Ke=u.labelGap*M,rt=$e((u._lpos+Ke)*ie);Wr(u.labelFont[0],y,"center",f==2?uo:Ns),m.save(),h==1?(g=x=0,m.translate(rt,$e(dt+yt/2)),m.rotate((f==3?-Bo:Bo)/2)):(g=$e(nt+Xe/2),x=rt);let cn=Ti(u.label)?u.label(o,i,A,$):u.label;m.fillText(cn,g,x),m.restore()}if($==0)continue;let F=S[u.scale],N=h==0?Xe:yt,K=h==0?nt:dt,se=u._splits,le=F.distr==2?se.map(Ke=>kt[Ke]):se,ee=F.distr==2?kt[se[1]]-kt[se[0]]:A,U=u.ticks,V=u.border,we=U.show?U.size:0,Se=$e(we*ie),Ve=$e((u.alignTo==2?u._size-we-u.gap:u.gap)*ie),fe=u._rotate*-Bo/180,Me=T(u._pos*ie),ot=(Se+Ve)*M,Ye=Me+ot;x=h==0?Ye:0,g=h==1?Ye:0;let gt=u.font[0],St=u.align==1?zn:u.align==2?jl:fe>0?zn:fe<0?jl:h==0?"center":f==3?jl:zn,Dt=fe||h==1?"middle":f==2?uo:Ns;Wr(gt,y,St,Dt);let lt=u.font[1]*u.lineGap,_t=se.map(Ke=>T(a(Ke,F,N,K))),Mt=u._values;for(let Ke=0;Ke<Mt.length;Ke++){let rt=Mt[Ke];if(rt!=null){h==0?g=_t[Ke]:x=_t[Ke],rt=""+rt;let cn=rt.indexOf(`
`)==-1?[rt]:rt.split(/\n/gm);for(let Je=0;Je<cn.length;Je++){let cs=cn[Je];fe?(m.save(),m.translate(g,x+Je*lt),m.rotate(fe),m.fillText(cs,0,0),m.restore()):m.fillText(cs,g,x+Je*lt)}}}U.show&&kl(_t,U.filter(o,le,i,$,ee),h,f,Me,Se,de(U.width*ie,3),U.stroke(o,i),U.dash,U.cap);let Ft=u.grid;Ft.show&&kl(_t,Ft.filter(o,le,i,$,ee),h,h==0?2:1,h==0?dt:nt,h==0?yt:Xe,de(Ft.width*ie,3),Ft.stroke(o,i),Ft.dash,Ft.cap),V.show&&kl([Me],[1],h==0?1:0,h==0?1:2,h==1?dt:nt,h==1?yt:Xe,de(V.width*ie,3),V.stroke(o,i),V.dash,V.cap)}ze("drawAxes")}function Cn(i){v.forEach((u,f)=>{f>0&&(u._paths=null,i&&(l==1?(u.min=null,u.max=null):u.facets.forEach(h=>{h.min=null,h.max=null})))})}let Po=!1,Sl=!1,Xn=[];function bu(){Sl=!1;for(let i=0;i<Xn.length;i++)ze(...Xn[i]);Xn.length=0}function Ln(){Po||($c(Gr),Po=!0)}function vu(i,u=!1){Po=!0,Sl=u,i(o),Gr(),u&&Xn.length>0&&queueMicrotask(bu)}o.batch=vu;function Gr(){if(fl&&(pu(),fl=!1),Sn&&(ru(),Sn=!1),ko){if(xe(w,zn,he),xe(w,uo,Ce),xe(w,fo,Q),xe(w,po,O),xe(k,zn,he),xe(k,uo,Ce),xe(k,fo,Q),xe(k,po,O),xe(_,fo,It),xe(_,po,tn),d.width=$e(It*ie),d.height=$e(tn*ie),C.forEach(({_el:i,_show:u,_size:f,_pos:h,side:g})=>{if(i!=null)if(u){let x=g===3||g===0?f:0,y=g%2==1;xe(i,y?"left":"top",h-x),xe(i,y?"width":"height",f),xe(i,y?"top":"left",y?Ce:he),xe(i,y?"height":"width",y?O:Q),nr(i,mn)}else it(i,mn)}),To=Pn=hl=gl=_l=wl=xl=bl=ml=null,et=1,no(!0),he!=kn||Ce!=nn||Q!=Ct||O!=on){Cn(!1);let i=Q/Ct,u=O/on;if(Ge&&!ln&&z.left>=0){z.left*=i,z.top*=u,$n&&Ot($n,$e(z.left),0,Q,O),Rn&&Ot(Rn,0,$e(z.top),Q,O);for(let f=0;f<mt.length;f++){let h=mt[f];h!=null&&(An[f]*=i,En[f]*=u,Ot(h,bt(An[f]),bt(En[f]),Q,O))}}if(_e.show&&!So&&_e.left>=0&&_e.width>0){_e.left*=i,_e.width*=i,_e.top*=u,_e.height*=u;for(let f in Cl)xe(On,f,_e[f])}kn=he,nn=Ce,Ct=Q,on=O}ze("setSize"),ko=!1}It>0&&tn>0&&(m.clearRect(0,0,d.width,d.height),ze("drawClear"),I.forEach(i=>i()),ze("draw")),_e.show&&So&&(Co(_e),So=!1),Ge&&ln&&(un(null,!0,!1),ln=!1),X.show&&X.live&&ht&&(El(),ht=!1),c||(c=!0,o.status=1,ze("ready")),Zn=!1,Po=!1}o.redraw=(i,u)=>{Sn=u||!1,i!==!1?Gt(R,E.min,E.max):Ln()};function Ml(i,u){let f=S[i];if(f.from==null){if(We==0){let h=f.range(o,u.min,u.max,i);u.min=h[0],u.max=h[1]}if(u.min>u.max){let h=u.min;u.min=u.max,u.max=h}if(We>1&&u.min!=null&&u.max!=null&&u.max-u.min<1e-16)return;i==R&&f.distr==2&&We>0&&(u.min=At(u.min,t[0]),u.max=At(u.max,t[0]),u.min==u.max&&u.max++),H[i]=u,fl=!0,Ln()}}o.setScale=Ml;let Tl,Al,$n,Rn,jr,Yr,Dn,Fn,Kr,Jr,ge,ye,Ut=!1,He=z.drag,Ne=He.x,Ie=He.y;Ge&&(z.x&&(Tl=xt(nc,k)),z.y&&(Al=xt(oc,k)),E.ori==0?($n=Tl,Rn=Al):($n=Al,Rn=Tl),ge=z.left,ye=z.top);let _e=o.select=Ee({show:!0,over:!0,left:0,width:0,top:0,height:0},e.select),On=_e.show?xt(tc,_e.over?k:w):null;function Co(i,u){if(_e.show){for(let f in i)_e[f]=i[f],f in Cl&&xe(On,f,i[f]);u!==!1&&ze("setSelect")}}o.setSelect=Co;function yu(i){if(v[i].show)Pe&&nr(ke[i],mn);else if(Pe&&it(ke[i],mn),Ge){let f=Tn?mt[0]:mt[i];f!=null&&Ot(f,-10,-10,Q,O)}}function Gt(i,u,f){Ml(i,{min:u,max:f})}function $t(i,u,f,h){u.focus!=null&&Au(i),u.show!=null&&v.forEach((g,x)=>{x>0&&(i==x||i==null)&&(g.show=u.show,yu(x),l==2?(Gt(g.facets[0].scale,null,null),Gt(g.facets[1].scale,null,null)):Gt(g.scale,null,null),Ln())}),f!==!1&&ze("setSeries",i,u),h&&oo("setSeries",o,i,u)}o.setSeries=$t;function ku(i,u){Ee(G[i],u)}function Su(i,u){i.fill=te(i.fill||null),i.dir=re(i.dir,-1),u=u??G.length,G.splice(u,0,i)}function Mu(i){i==null?G.length=0:G.splice(i,1)}o.addBand=Su,o.setBand=ku,o.delBand=Mu;function Tu(i,u){v[i].alpha=u,Ge&&mt[i]!=null&&(mt[i].style.opacity=u),Pe&&ke[i]&&(ke[i].style.opacity=u)}let zt,jt,an,Nn={focus:!0};function Au(i){if(i!=an){let u=i==null,f=Lt.alpha!=1;v.forEach((h,g)=>{if(l==1||g>0){let x=u||g==0||g==i;h._focus=u?null:x,f&&Tu(g,x?1:Lt.alpha)}}),an=i,f&&Ln()}}Pe&&Mn&&je(Ws,ae,i=>{z._lock||(rn(i),an!=null&&$t(null,Nn,!0,Te.setSeries))});function Rt(i,u,f){let h=S[u];f&&(i=i/ie-(h.ori==1?Ce:he));let g=Q;h.ori==1&&(g=O,i=g-i),h.dir==-1&&(i=g-i);let x=h._min,y=h._max,M=i/g,A=x+(y-x)*M,$=h.distr;return $==3?Hn(10,A):$==4?bc(A,h.asinh):$==100?h.bwd(A):A}function Eu(i,u){let f=Rt(i,R,u);return At(f,t[0],Fe,Oe)}o.valToIdx=i=>At(i,t[0]),o.posToIdx=Eu,o.posToVal=Rt,o.valToPos=(i,u,f)=>S[u].ori==0?r(i,S[u],f?Xe:Q,f?nt:0):s(i,S[u],f?yt:O,f?dt:0),o.setCursor=(i,u,f)=>{ge=i.left,ye=i.top,un(null,u,f)};function Qr(i,u){xe(On,zn,_e.left=i),xe(On,fo,_e.width=u)}function Zr(i,u){xe(On,uo,_e.top=i),xe(On,po,_e.height=u)}let eo=E.ori==0?Qr:Zr,to=E.ori==1?Qr:Zr;function Pu(){if(Pe&&X.live)for(let i=l==2?1:0;i<v.length;i++){if(i==0&&pt)continue;let u=X.values[i],f=0;for(let h in u)Pt[i][f++].firstChild.nodeValue=u[h]}}function El(i,u){if(i!=null&&(i.idxs?i.idxs.forEach((f,h)=>{ce[h]=f}):Sc(i.idx)||ce.fill(i.idx),X.idx=ce[0]),Pe&&X.live){for(let f=0;f<v.length;f++)(f>0||l==1&&!pt)&&Cu(f,ce[f]);Pu()}ht=!1,u!==!1&&ze("setLegend")}o.setLegend=El;function Cu(i,u){let f=v[i],h=i==0&&B==2?kt:t[i],g;pt?g=f.values(o,i,u)??qt:(g=f.value(o,u==null?null:h[u],i,u),g=g==null?qt:{_:g}),X.values[i]=g}function un(i,u,f){Kr=ge,Jr=ye,[ge,ye]=z.move(o,ge,ye),z.left=ge,z.top=ye,Ge&&($n&&Ot($n,$e(ge),0,Q,O),Rn&&Ot(Rn,0,$e(ye),Q,O));let h,g=Fe>Oe;zt=pe,jt=null;let x=E.ori==0?Q:O,y=E.ori==1?Q:O;if(ge<0||We==0||g){h=z.idx=null;for(let M=0;M<v.length;M++){let A=mt[M];A!=null&&Ot(A,-10,-10,Q,O)}Mn&&$t(null,Nn,!0,i==null&&Te.setSeries),X.live&&(ce.fill(h),ht=!0)}else{let M,A,$;l==1&&(M=E.ori==0?ge:ye,A=Rt(M,R),h=z.idx=At(A,t[0],Fe,Oe),$=D(t[0][h],E,x,0));let F=-10,N=-10,K=0,se=0,le=!0,ee="",U="";for(let V=l==2?1:0;V<v.length;V++){let we=v[V],Se=ce[V],Ve=Se==null?null:l==1?t[V][Se]:t[V][1][Se],fe=z.dataIdx(o,V,h,A),Me=fe==null?null:l==1?t[V][fe]:t[V][1][fe];if(ht=ht||Me!=Ve||fe!=Se,ce[V]=fe,V>0&&we.show){let ot=fe==null?-10:fe==h?$:D(l==1?t[0][fe]:t[V][0][fe],E,x,0),Ye=Me==null?-10:Y(Me,l==1?S[we.scale]:S[we.facets[1].scale],y,0);if(Mn&&Me!=null){let gt=E.ori==1?ge:ye,St=Re(Lt.dist(o,V,fe,Ye,gt));if(St<zt){let Dt=Lt.bias;if(Dt!=0){let lt=Rt(gt,we.scale),_t=Me>=0?1:-1,Mt=lt>=0?1:-1;Mt==_t&&(Mt==1?Dt==1?Me>=lt:Me<=lt:Dt==1?Me<=lt:Me>=lt)&&(zt=St,jt=V)}else zt=St,jt=V}}if(ht||Tn){let gt,St;E.ori==0?(gt=ot,St=Ye):(gt=Ye,St=ot);let Dt,lt,_t,Mt,Ft,Ke,rt=!0,cn=Be.bbox;if(cn!=null){rt=!1;let Je=cn(o,V);_t=Je.left,Mt=Je.top,Dt=Je.width,lt=Je.height}else _t=gt,Mt=St,Dt=lt=Be.size(o,V);if(Ke=Be.fill(o,V),Ft=Be.stroke(o,V),Tn)V==jt&&zt<=Lt.prox&&(F=_t,N=Mt,K=Dt,se=lt,le=rt,ee=Ke,U=Ft);else{let Je=mt[V];Je!=null&&(An[V]=_t,En[V]=Mt,Ys(Je,Dt,lt,rt),Gs(Je,Ke,Ft),Ot(Je,bt(_t),bt(Mt),Q,O))}}}}if(Tn){let V=Lt.prox,we=an==null?zt<=V:zt>V||jt!=an;if(ht||we){let Se=mt[0];Se!=null&&(An[0]=F,En[0]=N,Ys(Se,K,se,le),Gs(Se,ee,U),Ot(Se,bt(F),bt(N),Q,O))}}}if(_e.show&&Ut)if(i!=null){let[M,A]=Te.scales,[$,F]=Te.match,[N,K]=i.cursor.sync.scales,se=i.cursor.drag;if(Ne=se._x,Ie=se._y,Ne||Ie){let{left:le,top:ee,width:U,height:V}=i.select,we=i.scales[N].ori,Se=i.posToVal,Ve,fe,Me,ot,Ye,gt=M!=null&&$(M,N),St=A!=null&&F(A,K);gt&&Ne?(we==0?(Ve=le,fe=U):(Ve=ee,fe=V),Me=S[M],ot=D(Se(Ve,N),Me,x,0),Ye=D(Se(Ve+fe,N),Me,x,0),eo(Et(ot,Ye),Re(Ye-ot))):eo(0,x),St&&Ie?(we==1?(Ve=le,fe=U):(Ve=ee,fe=V),Me=S[A],ot=Y(Se(Ve,K),Me,y,0),Ye=Y(Se(Ve+fe,K),Me,y,0),to(Et(ot,Ye),Re(Ye-ot))):to(0,y)}else Ll()}else{let M=Re(Kr-jr),A=Re(Jr-Yr);if(E.ori==1){let K=M;M=A,A=K}Ne=He.x&&M>=He.dist,Ie=He.y&&A>=He.dist;let $=He.uni;$!=null?Ne&&Ie&&(Ne=M>=$,Ie=A>=$,!Ne&&!Ie&&(A>M?Ie=!0:Ne=!0)):He.x&&He.y&&(Ne||Ie)&&(Ne=Ie=!0);let F,N;Ne&&(E.ori==0?(F=Dn,N=ge):(F=Fn,N=ye),eo(Et(F,N),Re(N-F)),Ie||to(0,y)),Ie&&(E.ori==1?(F=Dn,N=ge):(F=Fn,N=ye),to(Et(F,N),Re(N-F)),Ne||eo(0,x)),!Ne&&!Ie&&(eo(0,0),to(0,0))}if(He._x=Ne,He._y=Ie,i==null){if(f){if(us!=null){let[M,A]=Te.scales;Te.values[0]=M!=null?Rt(E.ori==0?ge:ye,M):null,Te.values[1]=A!=null?Rt(E.ori==1?ge:ye,A):null}oo(Yl,o,ge,ye,Q,O,h)}if(Mn){let M=f&&Te.setSeries,A=Lt.prox;an==null?zt<=A&&$t(jt,Nn,!0,M):zt>A?$t(null,Nn,!0,M):jt!=an&&$t(jt,Nn,!0,M)}}ht&&(X.idx=h,El()),u!==!1&&ze("setCursor")}let Yt=null;Object.defineProperty(o,"rect",{get(){return Yt==null&&no(!1),Yt}});function no(i=!1){i?Yt=null:(Yt=k.getBoundingClientRect(),ze("syncRect",Yt))}function Xr(i,u,f,h,g,x,y){z._lock||Ut&&i!=null&&i.movementX==0&&i.movementY==0||(Pl(i,u,f,h,g,x,y,!1,i!=null),i!=null?un(null,!0,!0):un(u,!0,!1))}function Pl(i,u,f,h,g,x,y,M,A){if(Yt==null&&no(!1),rn(i),i!=null)f=i.clientX-Yt.left,h=i.clientY-Yt.top;else{if(f<0||h<0){ge=-10,ye=-10;return}let[$,F]=Te.scales,N=u.cursor.sync,[K,se]=N.values,[le,ee]=N.scales,[U,V]=Te.match,we=u.axes[0].side%2==1,Se=E.ori==0?Q:O,Ve=E.ori==1?Q:O,fe=we?x:g,Me=we?g:x,ot=we?h:f,Ye=we?f:h;if(le!=null?f=U($,le)?a(K,S[$],Se,0):-10:f=Se*(ot/fe),ee!=null?h=V(F,ee)?a(se,S[F],Ve,0):-10:h=Ve*(Ye/Me),E.ori==1){let gt=f;f=h,h=gt}}A&&(u==null||u.cursor.event.type==Yl)&&((f<=1||f>=Q-1)&&(f=dn(f,Q)),(h<=1||h>=O-1)&&(h=dn(h,O))),M?(jr=f,Yr=h,[Dn,Fn]=z.move(o,f,h)):(ge=f,ye=h)}let Cl={width:0,height:0,left:0,top:0};function Ll(){Co(Cl,!1)}let es,ts,ns,os;function ls(i,u,f,h,g,x,y){Ut=!0,Ne=Ie=He._x=He._y=!1,Pl(i,u,f,h,g,x,y,!0,!1),i!=null&&(je(Kl,er,rs,!1),oo(zs,o,Dn,Fn,Q,O,null));let{left:M,top:A,width:$,height:F}=_e;es=M,ts=A,ns=$,os=F}function rs(i,u,f,h,g,x,y){Ut=He._x=He._y=!1,Pl(i,u,f,h,g,x,y,!1,!0);let{left:M,top:A,width:$,height:F}=_e,N=$>0||F>0,K=es!=M||ts!=A||ns!=$||os!=F;if(N&&K&&Co(_e),He.setScale&&N&&K){let se=M,le=$,ee=A,U=F;if(E.ori==1&&(se=A,le=F,ee=M,U=$),Ne&&Gt(R,Rt(se,R),Rt(se+le,R)),Ie)for(let V in S){let we=S[V];V!=R&&we.from==null&&we.min!=pe&&Gt(V,Rt(ee+U,V),Rt(ee,V))}Ll()}else z.lock&&(z._lock=!z._lock,un(u,!0,i!=null));i!=null&&(yn(Kl,er),oo(Kl,o,ge,ye,Q,O,null))}function Lu(i,u,f,h,g,x,y){if(z._lock)return;rn(i);let M=Ut;if(Ut){let A=!0,$=!0,F=10,N,K;E.ori==0?(N=Ne,K=Ie):(N=Ie,K=Ne),N&&K&&(A=ge<=F||ge>=Q-F,$=ye<=F||ye>=O-F),N&&A&&(ge=ge<Dn?0:Q),K&&$&&(ye=ye<Fn?0:O),un(null,!0,!0),Ut=!1}ge=-10,ye=-10,ce.fill(null),un(null,!0,!0),M&&(Ut=M)}function ss(i,u,f,h,g,x,y){z._lock||(rn(i),dl(),Ll(),i!=null&&oo(Hs,o,ge,ye,Q,O,null))}function is(){C.forEach(Wf),pl(o.width,o.height,!0)}gn(Uo,Wn,is);let In={};In.mousedown=ls,In.mousemove=Xr,In.mouseup=rs,In.dblclick=ss,In.setSeries=(i,u,f,h)=>{let g=Te.match[2];f=g(o,u,f),f!=-1&&$t(f,h,!0,!1)},Ge&&(je(zs,k,ls),je(Yl,k,Xr),je(Vs,k,i=>{rn(i),no(!1)}),je(Ws,k,Lu),je(Hs,k,ss),ar.add(o),o.syncRect=no);let Lo=o.hooks=e.hooks||{};function ze(i,u,f){Sl?Xn.push([i,u,f]):i in Lo&&Lo[i].forEach(h=>{h.call(null,o,u,f)})}(e.plugins||[]).forEach(i=>{for(let u in i.hooks)Lo[u]=(Lo[u]||[]).concat(i.hooks[u])});let as=(i,u,f)=>f,Te=Ee({key:null,setSeries:!1,filters:{pub:Xs,sub:Xs},scales:[R,v[1]?v[1].scale:null],match:[ei,ei,as],values:[null,null]},z.sync);Te.match.length==2&&Te.match.push(as),z.sync=Te;let us=Te.key,$l=Ji(us);function oo(i,u,f,h,g,x,y){Te.filters.pub(i,u,f,h,g,x,y)&&$l.pub(i,u,f,h,g,x,y)}$l.sub(o);function $u(i,u,f,h,g,x,y){Te.filters.sub(i,u,f,h,g,x,y)&&In[i](null,u,f,h,g,x,y)}o.pub=$u;function Ru(){$l.unsub(o),ar.delete(o),en.clear(),or(Uo,Wn,is),p.remove(),ae?.remove(),ze("destroy")}o.destroy=Ru;function Rl(){ze("init",e,t),zr(t||e.data,!1),H[R]?Ml(R,H[R]):dl(),So=_e.show&&(_e.width>0||_e.height>0),ln=ht=!0,pl(e.width,e.height)}return v.forEach(Nr),C.forEach(fu),n?n instanceof HTMLElement?(n.appendChild(p),Rl()):n(o,Rl):Rl(),o}qe.assign=Ee;qe.fmtNum=mr;qe.rangeNum=Go;qe.rangeLog=Ko;qe.rangeAsinh=dr;qe.orient=wn;qe.pxRatio=ie;qe.join=Lc;qe.fmtDate=_r,qe.tzDate=Hc;qe.sync=Ji;{qe.addGap=Mf,qe.clipGaps=Zo;let e=qe.paths={points:na};e.linear=la,e.stepped=Ef,e.bars=Pf,e.spline=Lf}var aa="\u2212";function Z(e){if(e==null)return"none";if(e===0)return"0";let t=Math.abs(e),n=t>=1e-4&&t<1e6?String(Number(t.toPrecision(6))):t.toExponential(5);return e<0?aa+n:n}function ua(e){return Z(Number(e.toPrecision(3))).replace(/0+e/,"e").replace(/\.e/,"e")}function xn(e){let t=Math.abs(e).toFixed(2);return Number(t)===0?t:(e<0?aa:"+")+t}function ct(e){return e<0?`(${Z(e)})`:Z(e)}function ca(e){let{curves:t}=e;return b("figure",{class:"chart"},b("figcaption",{title:t.what},b("b",null,t.name),b("p",null,t.what)),b(qf,e),b("details",null,b("summary",null,"numbers"),Yf(t)))}var Hf=132;function qf({curves:e,colours:t,onStep:n}){let o=Qt(null),l=Qt(n);return l.current=n,wt(()=>{let r=o.current;if(r===null)return;let s=()=>{let m=new qe(Uf(e,t,r),Bf(e),r);return m.over.addEventListener("click",()=>{let _=e.steps[m.cursor.idx??-1];_!==void 0&&l.current(_)}),m},a=s(),c=()=>{a.destroy(),a=s()},p=matchMedia("(prefers-color-scheme: dark)");p.addEventListener("change",c);let d=new ResizeObserver(()=>{Math.abs(a.width-r.clientWidth)>1&&c()});return d.observe(r),()=>{p.removeEventListener("change",c),d.disconnect(),a.destroy()}},[e,t]),b("div",{class:"plot",ref:o,"aria-hidden":"true"})}function Bf({steps:e,curves:t}){return[[...e],...t.flatMap(({mean:n,low:o,high:l})=>[[...l],[...o],[...n]])]}function Uf({curves:e},t,n){let o=getComputedStyle(n),l=s=>o.getPropertyValue(`--series-${t.get(s)??0}`).trim(),r={stroke:o.getPropertyValue("--faint").trim(),grid:{stroke:o.getPropertyValue("--line").trim(),width:1},ticks:{show:!1},font:"11px system-ui, sans-serif"};return{width:n.clientWidth,height:Hf,scales:{x:{time:!1},y:{range:Gf}},axes:[{...r,size:22,space:60},{...r,size:52,space:28,values:(s,a)=>a.map(ua)}],legend:{show:!1},cursor:{sync:{key:"step"},y:!1,points:{size:6}},series:[{},...e.flatMap(({series:s,runs:a})=>[{width:0,points:{show:!1},auto:a>2},{width:0,points:{show:!1},auto:a>2},{stroke:l(s),width:1.5,points:{size:4},spanGaps:!0}])],bands:e.map(({series:s},a)=>({series:[3*a+1,3*a+2],fill:`color-mix(in srgb, ${l(s)} 18%, transparent)`})),hooks:{setCursor:[s=>jf(s,e.map(a=>a.series))]}}}function Gf(e,t,n){if(t===null||n===null)return[0,1];let o=t===n?Math.max(.5,Math.abs(t)):.08*(n-t);return[t-o,n+o]}function jf(e,t){let n=e.root.closest("figure"),o=n?.querySelector("figcaption p");if(o==null)return;let l=e.cursor.idx,r=l==null?n?.querySelector("figcaption")?.getAttribute("title")??"":[`step ${e.data[0][l]}`,...t.map((s,a)=>{let c=e.data[3*a+3]?.[l];return t.length===1?Z(c):`${s} ${Z(c)}`})].join(" \xB7 ");o.textContent=r}function Yf({steps:e,curves:t}){return b("div",{class:"scroll"},b("table",{class:"numbers"},b("thead",null,b("tr",null,b("th",null,"step"),t.map(({series:n})=>b("th",null,n)))),b("tbody",null,e.map((n,o)=>b("tr",null,b("th",{scope:"row"},n),t.map(({mean:l,low:r,high:s})=>{let a=r[o]===null||r[o]===void 0?"":` [${Z(r[o])}, ${Z(s[o])}]`;return b("td",null,Z(l[o])+a)}))))))}var nl={step:"number of the step, counted from 1",updates:"optimiser updates applied so far; a skipped update does not count",skipped:"1 where an update was skipped, with what was left of the step, because a number was not finite or no episode was left, else 0",episodes:"episodes that were trained on",droppedEpisodes:"episodes lost to a crash of the environment, or given up (waitForShare)",droppedGroups:"questions left with fewer than two episodes",f1:"mean F1 of the sampled answers, 0 without a well-formed one",em:"share of episodes whose sampled answer matches a gold one exactly",outcome:"mean outcome reward r^O: F1, or the format penalty",invalidRate:"share of episodes without a well-formed answer",turns:"mean number of assistant messages an episode, T",toolCalls:"tool calls of all episodes",toolFailures:"tool calls that gave no result, the sum of the next eleven",unknownTools:"tool calls that named no tool there is",badArguments:"tool calls whose arguments the tool refused",missedDeadlines:"tool calls that took longer than the deadline",crashedTools:"tool calls in which the tool broke",unreachableSearches:"tool calls whose search engine could not be reached",busySearches:"tool calls whose search engine had too much to do, after the last try",refusedSearches:"tool calls whose search engine refused them",malformedSearches:"tool calls whose search engine answered something else",largeSearches:"tool calls whose search engine answered too much",lateSearches:"tool calls whose search engine answered too late",spentSearches:"tool calls that were not made as the budget was spent",firstBelief:"mean over episodes of ell_0: mean log-prob of a gold token before the first turn, nats; null without gains",lastBelief:"the same of ell_{T-1}, before the last turn; null without gains",gain:"mu_IG: mean of g_t = V_t - V_{t-1} over all turns but each episode's last; null without gains",gainStd:"standard deviation of those g_t, with ddof 0; null without gains",gainByTurn:"mean of g_t over the episodes that have turn t, [0] the first turn; empty without gains",turnsGainCorrelation:"Pearson correlation, over episodes of two turns or more, of T and the episode's mean g_t; 0 when either is constant; null without gains",advantageByTurn:"mean advantage of turn t over the episodes that have it, [0] the first turn",searchAdvantage:"mean advantage of the turns that called a tool; 0 where none did",answerAdvantage:"mean advantage of the turns that answered; 0 where none did",zeroOutcomeGroups:"share of groups whose outcomes are all equal",zeroAdvantageGroups:"share of groups whose advantages are all 0",learningRate:"learning rate of the step's updates",loss:"policyLoss + klLoss + entropyLoss",policyLoss:"sum of weight times clipped surrogate loss over trained tokens, mean over the step's updates",klLoss:"KL coefficient times the weighted sum of the KL estimates, mean over updates",entropyLoss:"minus the entropy coefficient times the weighted sum of the entropies, mean over updates",gradientNorm:"L2 norm of the gradient before clipping, mean over updates; 0 where none was applied",ppoKl:"mean over trained tokens, of all updates, of minus the log-ratio, nats: how far the updates before moved the policy",clipFraction:"share of trained tokens, of all updates, whose ratio was clipped at either end",clipFractionByTurn:"the same over the tokens of turn t, [0] the first turn",dualClipFraction:"share of trained tokens, of all updates, whose loss the dual clip bounded",kl:"weighted mean of the KL estimate from the reference policy, nats a trained token, over all updates; 0 without one",entropy:"mean entropy of the sampling distribution a trained token, nats, before the first update",logProbGap:"largest distance between the trainer's log-prob of a trained token, before the first update, and the sampler's, nats; stale episodes are further off",logProbGapMean:"mean distance between the two, nats a trained token: what another program (--policy) or adapter (--mixed) that samples computes otherwise",replacedLogProbs:"sequences whose logProbGap is above 0.01, or above 1 where a server (--policy) or a worker of another adapter (--mixed) samples: the trainer's log-probs stand for the sampler's",staleness:"updates between the weights that played the step's episodes and those that its updates begin with",behaviourKl:"mean over trained tokens of exp(d) - 1 - d, d the trainer's log-prob before the first update minus the sampler's: estimates KL(sampler, trainer), nats",importanceWeight:"mean truncated importance weight of a trained token, min(weightBound, exp(d)); 1 where staleness is 0",largestImportanceWeight:"the largest of them",truncatedWeights:"share of trained tokens whose weight is weightBound; 0 where staleness is 0",trainedTokens:"tokens that were sampled and trained",generatedTokens:"tokens that were sampled",scoredTokens:"probe tokens computed to score beliefs",batchTokens:"tokens of all sequences of the batch",rolloutSeconds:"time in rollouts",scoreSeconds:"time in scoring beliefs",updateSeconds:"time in gradients and updates",seconds:"time of the whole step; with staleness the sum of the three above",rolloutTokensPerSecond:"generatedTokens / rolloutSeconds",scoreTokensPerSecond:"scoredTokens / scoreSeconds",updateTokensPerSecond:"batchTokens / updateSeconds, however often the updates go through them"};function Kn(e){let t=0,n=0;for(let o of e){let l=t+o;n+=Math.abs(t)>=Math.abs(o)?t-l+o:o-l+t,t=l}return t+(Number.isFinite(n)?n:0)}function ft(e){return e.length===0?0:Kn(e)/e.length}function Sr(e,t){if(e.length<=t||ol(e))return 0;let n=ft(e);return Kn(e.map(o=>(o-n)**2))/(e.length-t)}function fa(e,t){return Math.sqrt(Sr(e,t))}function ol(e){return e.every(t=>t===e[0])}function Mr(e,t){if(e<.5)return-Mr(1-e,t);let[n,o]=[0,1];for(;pa(o,t)<e;)o*=2;for(;o-n>1e-10*Math.max(1,o);){let l=(n+o)/2;pa(l,t)<e?n=l:o=l}return(n+o)/2}function pa(e,t){let n=Math.atan(e/Math.sqrt(t)),[o,l]=[Math.sin(n),Math.cos(n)**2],r=t%2===1,s=1,a=t===1?0:1;for(let p=r?2:1;p<t-2;p+=2)s*=l*p/(p+1),a+=s;return .5+(r?2/Math.PI*(n+o*Math.cos(n)*a):o*a)/2}function da(e){let t=e.length;if(t<2)return null;let n=Mr(.975,t-1)*fa(e,1)/Math.sqrt(t);return[ft(e)-n,ft(e)+n]}var Kf=["gainByTurn","advantageByTurn","clipFractionByTurn"],ha=Object.keys(nl).filter(e=>e!=="step"&&!Kf.includes(e));function ma(e,t){let n=e.map(a=>({run:a,values:Jf(a,t)})),o=[...new Set(n.flatMap(({values:a})=>[...a.keys()]))].sort((a,c)=>a-c);if(o.length===0)return null;let l=[...Map.groupBy(n,({run:a})=>a.series)].map(([a,c])=>{let p=o.map(m=>Float64Array.from(c.flatMap(({values:_})=>_.has(m)?[_.get(m)]:[]))),d=p.map(m=>m.length<2?null:da(m));return{series:a,runs:c.length,mean:p.map(m=>m.length===0?null:ft(m)),low:d.map(m=>m?.[0]??null),high:d.map(m=>m?.[1]??null)}}),s=(a=>a in nl)(t)?nl[t]:"mean F1 of one greedy answer a question";return{name:t,what:s,steps:o,curves:l}}function Jf(e,t){let n=/ f1$/.test(t)?t.slice(0,-3):null,o=n===null?e.metrics.map(l=>[l.step,l[t]]):e.evaluations.filter(l=>l.split===n).map(l=>[l.step,l.f1]);return new Map(o.filter(l=>typeof l[1]=="number"))}function ga(e){return[...new Set(e.flatMap(({evaluations:t})=>t.map(({split:n})=>n)))].sort()}var Qf=["f1","invalidRate","turns","gain","lastBelief","searchAdvantage","answerAdvantage","zeroAdvantageGroups","entropy","ppoKl","gradientNorm"];function _a({runs:e,colours:t,onStep:n}){let[o,l]=Ue("first"),r=st(()=>[...ga(e).map(c=>`${c} f1`),...o==="all"?ha:Qf].map(c=>ma(e,c)).filter(c=>c!==null),[e,o]);return r.length===0?b("p",{class:"empty"},"No step is finished yet: there are no curves to show"):b("section",{"aria-label":"Curves"},b("div",{class:"bar"},Xf(o,l),b("span",{class:"faint"},Zf)),b("div",{class:"charts"},r.map(s=>b(ca,{key:s.name,curves:s,colours:t,onStep:n}))))}var Zf="Bands: 95 % over seeds. A click opens the episodes of a step.";function Xf(e,t){let n=e==="all";return b("label",{class:"choice"},b("input",{type:"checkbox",checked:n,onChange:()=>t(n?"first":"all")}),b("span",null,"all metrics"))}function Ht({label:e,value:t,options:n,onChoose:o}){return b("label",{class:"choice"},b("span",null,e),b("select",{value:t,onChange:l=>o(l.target.value)},n.map(l=>b("option",{value:l.value,selected:l.value===t},l.text))))}function Tr(e,t){if(e===null||e===0||t===0)return{class:"",style:{}};let n=Math.min(1,Math.abs(e)/t);return{class:e>0?"up":"down",style:{"--strength":`${(100*n).toFixed(1)}%`}}}function ll({name:e,value:t,largest:n}){if(t===null)return null;let{class:o,style:l}=Tr(t,n);return b("span",{class:`chip ${o}`,style:l},b("span",{class:"faint"},`${e} `),xn(t))}function rl(e){return e.length===0?null:b("ul",{class:"notes",role:"status"},e.map(t=>b("li",null,t)))}var sl=["gain","normalised","advantage"];function il(e){let t=new URLSearchParams(e.replace(/^#/,"")),n=o=>{let l=t.get(o)??"";return/^\d{1,9}$/.test(l)?Number(l):null};return{view:t.get("view")==="episodes"?"episodes":"curves",run:n("run")??0,step:n("step"),episode:t.get("episode"),turn:n("turn")??0,by:sl.find(o=>o===t.get("by"))??"gain",preset:t.get("preset"),besideRun:n("besideRun"),besideStep:n("besideStep")}}function wa(e){let t=new URLSearchParams;for(let[n,o]of Object.entries(e))o!==null&&o!==""&&t.set(n,String(o));return`#${t}`}function xa({data:e,route:t,go:n},o){let l={runs:e.runs,run:t.run,step:o};return b("div",{class:"bar"},ep({...l,go:(r,s)=>n({run:r,step:s,episode:null})}),tp(t.by,n),np(e,t,n),op({data:e,route:t,step:o,go:n}))}function ep({runs:e,run:t,step:n,go:o}){let l=e[t]?.kept??[],r=l.findIndex(a=>a.step===n),s=(a,c)=>{let p=l[r+a];return b("button",{type:"button",disabled:p===void 0,"aria-label":`${c} step`,onClick:()=>p===void 0?void 0:o(t,p.step)},a<0?"\u2039":"\u203A")};return[e.length<2?null:Ht({label:"run",value:String(t),options:e.map(({name:a},c)=>({value:String(c),text:a})),onChoose:a=>o(Number(a),null)}),Ht({label:"step",value:String(n??""),options:l.map(a=>({value:String(a.step),text:String(a.step)})),onChoose:a=>o(t,Number(a))}),s(-1,"previous"),s(1,"next")]}var Ar={gain:"gain",normalised:"normalised gain",advantage:"advantage"};function tp(e,t){return Ht({label:"colour by",value:e,options:sl.map(n=>({value:n,text:Ar[n]})),onChoose:n=>t({by:sl.find(o=>o===n)??"gain"})})}function np({runs:e,presets:t},n,o){let l=e[n.run]?.preset?.name;return Ht({label:"preset",value:n.preset??"",options:[{value:"",text:l===void 0?"as recorded":`${l}, the run's own`},...t.map(({name:r})=>({value:r,text:r}))],onChoose:r=>o({preset:r===""?null:r})})}function op({data:{runs:e},route:t,step:n,go:o}){let{besideRun:l}=t,r=Ht({label:"beside it",value:l===null?"":String(l),options:[{value:"",text:"nothing"},...e.map(({name:a},c)=>({value:String(c),text:a}))],onChoose:a=>o(a===""?{besideRun:null,besideStep:null}:{besideRun:Number(a),besideStep:n})});if(l===null)return[r];let s=e[l]?.kept??[];return[r,Ht({label:"its step",value:String(t.besideStep??s.at(-1)?.step??""),options:s.map(a=>({value:String(a.step),text:String(a.step)})),onChoose:a=>o({besideStep:Number(a)})})]}function ba(e,t,n){let o=e.length;if(o===1&&t.singleton==="raw")return{centre:0,stretch:1,divisor:wo(e,t)};let l=t.divideBy==="batch"?n:e;if(t.centre==="zero")return{centre:0,stretch:1,divisor:wo(l,t)};let r=ft(e);if(o<=1||ol(e))return{centre:r,stretch:1,divisor:0};let s=t.centre==="leave-one-out"?o/(o-1):1;return{centre:r,stretch:s,divisor:wo(l,t)}}function va(e,{centre:t,stretch:n,divisor:o}){return e.map(l=>o===0?0:n*(l-t)/o)}function wo(e,t){if(t.divideBy==="none")return 1;if(t.centre==="zero"){let n=ft(e.map(o=>o*o));return Math.sqrt(n+t.varianceFloor)+t.eps}return e.length===1?Math.fround(1+t.eps):Math.sqrt(Sr(e,t.ddof)+t.varianceFloor)+t.eps}var lp=.3,rp=10,sp=1e-6;function ya(e){let t=e.map(l=>Math.abs(l[l.length-1])),n=e.flatMap(l=>[...l.subarray(0,l.length-1)].map(Math.abs));if(n.length===0)return 1;let o=Math.max(lp,Kn(t)/t.length);return Math.min(rp,o/(Kn(n)/n.length+sp))}var Er=1e-8;function ka(e,t){let n=Pr(e,t,()=>1);if(n<=1)return e.map(s=>new Float64Array(s.length));let o=Pr(e,t,s=>s)/(n+Er),l=Pr(e,t,s=>(s-o)**2)/(n+Er),r=Math.sqrt(l*n/(n-1)+Er);return e.map(s=>s.map(a=>(a-o)/r))}function Sa(e){let t=Math.max(0,...e.map(o=>o.length)),n=new Float64Array(t);for(let o of e)o.forEach((l,r)=>n[r]+=l);return e.map(o=>o.map((l,r)=>l-n[r]/e.length))}function Ma(e,t){let n=Float64Array.from(e,r=>r[0]??0),o=ft(n),l=wo(n,t);return e.map(r=>r.map(s=>l===0?0:(s-o)/l))}function Pr(e,t,n){return Kn(e.flatMap((o,l)=>Array.from(o,(r,s)=>t[l][s]*n(r))))}function Ta(e,t){return ft(e.map(n=>Math.max(n,t??-1/0)))}function xo(e,t){return t==="prob"?Math.exp(e):e}function Aa(e,t,n){let o=xo(e.at(-1),n);return t.map(l=>o-xo(l,n))}function Ea(e,t){if(t==="all")return e;if(t==="positive")return e.map(o=>Math.max(0,o));let n=0;return e.map(o=>{let l=o-n;return n=Math.max(0,-l),Math.max(0,l)})}function Pa(e,t){let n=e.map(o=>xo(o,t));return Float64Array.from({length:Math.max(0,e.length-1)},(o,l)=>n[l+1]-n[l])}function Cr(e,t){let n=new Float64Array(e.length),o=0;for(let l=e.length-1;l>=0;l--)o=e[l]+t*o,n[l]=o;return n}function Ca(e,{gamma:t,alpha:n}){let o=e.length-1,l=e[o]??0,r=Cr(e.subarray(0,Math.max(0,o)),t);return e.map((s,a)=>a===o?l:n*r[a]/Math.sqrt(o-a)+l)}function La(e,{alpha:t}){let n=e.length-1,o=e[n]??0;return e.map((l,r)=>r===n?o:t*l+o)}function $a(e,t){return e.map((n,o)=>o===e.length-1?1:1+t*Math.tanh(n/2))}function Da(e,t){let n=bo(e,d=>ap(d,t)),o=Ra(n,t,"before"),l=up(o,t),r=o.map((d,m)=>cp(d,l[m])),s=Ra(mp(e,dp(r,t),t),t,"after"),a=bo(s,d=>gp(d,t)),c=bo(r,d=>$a(d,t.clip.adaptive)),p=ip(e,{credit:a,scales:c},t);return{rewards:o,pools:l,normalised:r,weighed:s,credit:a,advantages:p}}function ip(e,{credit:t,scales:n},o){if(o.credit.baseline==="position")return xp(e,t,n);let l=o.credit.baseline==="start"?t.map(r=>Ma(r,o.pool)):t;return wp(o.credit.whiten?_p(e,l):l,n)}function ap(e,{gain:t}){let n=t.measure==="none"?e.gain.map(()=>0):Ea(e.gain,t.keep),o=Float64Array.of(...n,e.outcome);if(t.malformedTurn===null)return o;let l=t.malformedTurn;return o.map((r,s)=>e.malformed[s]?l:r)}function Ra(e,{weights:t},n){return t.apply!==n?e:bo(e,o=>o.map((l,r)=>l*(al(o,r)?t.outcome:t.gain)))}function up(e,t){let n=e.map(l=>pp(l,t)),o=new Map;for(let l of["gain","outcome","both"]){let r=n.flat().filter(s=>s.kind===l);o.set(l,Float64Array.from(r.flatMap(s=>[...s.values])))}return n.map(l=>l.map(r=>{let s={...t.pool,centre:fp(r.kind,t.pool)};return{...r,...ba(r.values,s,o.get(r.kind))}}))}function cp(e,t){let n=e.map(o=>o.slice());for(let o of t){let l=va(o.values,o);o.places.forEach(({episode:r,turn:s},a)=>n[r][s]=l[a])}return n}function fp(e,{centre:t,gainCentre:n}){return e==="gain"&&n==="zero"?"zero":t}function pp(e,{gain:t,pool:n}){let o=e.flatMap((a,c)=>[...a.keys()].map(p=>({episode:c,turn:p}))),l=o.filter(({episode:a,turn:c})=>al(e[a],c)),r=t.measure==="none"?[]:o.filter(a=>!l.includes(a)),s=(a,c)=>({kind:a,places:c,values:Float64Array.from(c,({episode:p,turn:d})=>e[p][d])});switch(n.members){case"separate":return[s("gain",r),s("outcome",l)];case"joint":return[s("both",[...r,...l])];case"turn":return[...[...new Set(r.map(({turn:p})=>p))].map(p=>s("gain",r.filter(d=>d.turn===p))),s("outcome",l)];case"none":return[];default:return n.members}}function dp(e,{gainScale:t}){if(t==="none")return e;let n=ya(e.flat());return bo(e,o=>o.map((l,r)=>al(o,r)?l:l*n))}function hp(e){return e.every(({outcome:t})=>t===e[0].outcome)}function mp(e,t,{weights:n}){if(n.fade==="never")return t;let o=e.map(hp),l=o.filter(r=>r).length/o.length;return t.map((r,s)=>{let a=n.fade==="batch"?l:Number(o[s]);return r.map(c=>c.map((p,d)=>al(c,d)?p:p*a))})}function gp(e,{credit:t}){switch(t.rule){case"return":return Cr(e,t.gamma);case"rescaled":return Ca(e,t);case"own":return La(e,t);default:return t.rule}}function _p(e,t){let n=e.flat().map(o=>o.sampledTokens);return yp(e,ka(t.flat(),n))}function wp(e,t){return e.map((n,o)=>n.map((l,r)=>({turn:l,clipScale:t[o][r],position:null})))}function xp(e,t,n){return e.map((o,l)=>{let r=o.map(({turnTokens:s},a)=>bp(t[l][a],s));return Sa(r).map((s,a)=>({turn:vp(s,o[a].turnTokens),clipScale:n[l][a],position:s}))})}function bp(e,t){return Float64Array.from([...e].flatMap((n,o)=>new Array(t[o]).fill(n)))}function vp(e,t){let n=0;return Float64Array.from(t,o=>{let l=e.subarray(n,n+=o);return o===0?0:l.reduce((r,s)=>r+s,0)/o})}function al(e,t){return t===e.length-1}function bo(e,t){return e.map(n=>n.map(t))}function yp(e,t){let n=0;return e.map(o=>o.map(()=>t[n++]))}function Fa(e,t,n={}){let o=Float64Array.from(e),l=n.tokens??o.reduce((a,c)=>a+c,0),r=n.sequences??o.filter(a=>a>0).length,s=n.length??o.reduce((a,c)=>Math.max(a,c),0);return o.map(a=>a===0?0:kp(a,t,{tokens:l,sequences:r,length:s}))}function kp(e,t,n){switch(t){case"token-mean":return 1/n.tokens;case"seq-mean-token-mean":return 1/(n.sequences*e);case"seq-mean-token-sum":return 1/n.sequences;case"seq-mean-token-sum-norm":return 1/n.length;default:return t}}var Sp=/[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/,Oa=/[!-/:-@[-`{-~]/g;function Lr(e){return e.replace(Oa," ").split(Sp).filter(t=>t!=="")}function $r(e){return Lr(e).join(" ")}function Mp(e,t,n){let o=Na(e.toLowerCase(),n),l=$r(e.toLowerCase()),r=t.map(s=>Tp(o,Na(s.toLowerCase(),n)));return{f1:Math.max(0,...r),em:t.some(s=>$r(s.toLowerCase())===l)}}function za(e,t,n){if(e===null)return n.formatPenalty;let o=Mp(e,n.golds==="first"?t.slice(0,1):t,n.tokens);return n.metric==="f1"?o.f1:Number(o.em)}function Na(e,t){let n=new Map;for(let o of Lr(e))n.set(o,t==="set"?1:(n.get(o)??0)+1);return n}function Tp(e,t){let n=0;for(let[r,s]of e)n+=Math.min(s,t.get(r)??0);if(n===0)return 0;let o=n/Ia(e),l=n/Ia(t);return 2*(o*l)/(o+l)}function Ia(e){let t=0;for(let n of e.values())t+=n;return t}var Ap={golds:"first",logProbFloor:null,scorer:"policy"};function Va(e,t,{preset:n,contextTokens:o}){let r=e.filter(({dropped:m,turns:_})=>m===null&&_.length>0).map(m=>Ep(m,t,n?.gain??Ap)),s=r.find(m=>typeof m=="string");if(typeof s=="string")return s;let a=r.filter(m=>typeof m!="string"),c=Lp(a,t,o),p=[...Map.groupBy(a.map((m,_)=>({...m,lossWeight:c[_]})),({record:m})=>m.group).values()],d=Da(p.map(m=>m.map(_=>_.rewards)),t);return{preset:t,groups:p,stages:d}}function Ep(e,t,n){let{turns:o,answer:l,question:r,environmentOutcome:s,id:a}=e;if((t.credit.whiten||t.credit.baseline==="position")&&o.some(({tokens:_,sampled:w})=>_===null||w===null))return`Preset ${t.name} needs numbers of tokens, which are not known of episode ${a}`;if(s===null&&r.golds.length===0)return`Preset ${t.name} needs an outcome, and episode ${a} has neither a gold answer nor one`;let p=Pp(e,t,n);if(typeof p=="string")return p;let d=Cp(e,p,t);if(typeof d=="string")return d;let m={gain:d,outcome:s??za(l,r.golds,t.outcome),malformed:o.map(({action:_})=>_==="malformed"),turnTokens:o.map(({tokens:_})=>_??0),sampledTokens:o.map(({sampled:_})=>_??0)};return{record:e,belief:p,rewards:m}}function Pp({id:e,turns:t,goldLogProb:n,question:{golds:o}},{name:l,gain:r},s){if(r.measure==="none")return new Float64Array(0);let a=o.length===1||r.golds==="first"&&s.golds==="first";if(!a&&r.golds!==s.golds)return`Preset ${l} believes in other gold answers than those whose beliefs were measured`;if(r.scorer!==s.scorer)return`Preset ${l} asks the weights of another moment for beliefs than those that were asked`;let c=t.map(({belief:d})=>d).filter(d=>d!==null);if(c.length<t.length)return`Preset ${l} needs the belief before each turn, which was not measured in episode ${e}`;if(r.logProbFloor===s.logProbFloor)return Float64Array.from(c);let p=n.map(d=>d.filter(m=>m!==null));return!a||p.length<t.length?`Preset ${l} needs the log-probs of all gold tokens, which were not kept of episode ${e}`:Float64Array.from(p,d=>Ta(Float64Array.from(d),r.logProbFloor))}function Cp({id:e,turns:t},n,{name:o,gain:{measure:l,against:r}}){if(l==="none")return new Float64Array(t.length-1);if(r==="before")return Pa(n,l);let s=t.slice(0,-1).map(a=>a.without).filter(a=>a!==null);return s.length<t.length-1?`Preset ${o} needs beliefs without each turn, which were not measured in episode ${e}`:Aa(n,Float64Array.from(s),l)}function Lp(e,{aggregation:t},n){let o=new Float64Array(e.length),l=e.map((r,s)=>({i:s,update:r.record.miniBatch}));for(let r of Map.groupBy(l,({update:s})=>s).values()){let s=r.map(({i:a})=>vo(e[a].rewards));Fa(s,t,{length:n}).forEach((a,c)=>{o[r[c].i]=a})}return o}function vo({sampledTokens:e}){return e.reduce((t,n)=>t+n,0)}function ul(e,t,n){if(n===null)return new Map(e.map(({id:r,turns:s})=>[r,s.map(a=>a[t])]));let{groups:o,stages:l}=n;return new Map(o.flatMap((r,s)=>r.map(({record:a,rewards:c},p)=>{let d=n.preset.gain.measure==="none"?[]:[...c.gain],m=t==="gain"?a.turns.map((_,w)=>d[w]??null):t==="normalised"?[...l.normalised[s][p]]:[...l.advantages[s][p].turn];return[a.id,m]})))}function cl(e){let t=0;for(let n of e.values())for(let o of n)t=Math.max(t,Math.abs(o??0));return t}function Wa(e){let t=Qt(null),[n,o]=Ue(e.isFirst?"near":"far");wt(()=>{if(t.current===null||n==="near")return;let s=new IntersectionObserver(a=>a.some(c=>c.isIntersecting)&&o("near"),{rootMargin:"800px"});return s.observe(t.current),()=>s.disconnect()},[n]);let{question:l}=e.records[0],r=n==="near"?null:{style:{minHeight:`${$p(e.records)}px`}};return b("article",{class:"group",ref:t,...r},b("h3",null,l.text),b("p",{class:"faint"},`gold: ${l.golds.join(" | ")||"none"} \xB7 ${l.kind}`),n==="near"?Rp(e):null)}function $p(e){return 90+28*e.length}function Rp(e){let{records:t}=e,n=Math.max(1,...t.map(({turns:r})=>r.length)),o=Array.from({length:n},(r,s)=>b("th",{scope:"col"},s+1));return[t.every(({dropped:r})=>r!==null)?b("p",{class:"lost"},"This group was dropped: too few of its episodes were left"):null,b("div",{class:"scroll"},b("table",{class:"matrix",onKeyDown:Op},b("caption",{class:"hidden"},`Rollouts by turns: ${t[0].question.text}`),b("thead",null,b("tr",null,b("th",{scope:"col"},b("span",{class:"hidden"},"rollout")),o,b("th",{scope:"col"},"outcome"))),b("tbody",null,t.map(r=>Dp(r,{...e,width:n})))))]}function Dp(e,t){let{id:n,sample:o,dropped:l,outcome:r,turns:s}=e,{selected:a,width:c}=t,p=b("th",{scope:"row"},`#${o}`);if(l!==null)return b("tr",{key:n},p,b("td",{class:"lost",colSpan:c+1},l));let d=a.episode===n,m=c-s.length;return b("tr",{key:n,class:d?"open":""},p,s.map((_,w)=>Fp(e,w,t)),m>0?b("td",{colSpan:m}):null,b("td",{class:"outcome"},r===null?"none":Z(Number(r.toFixed(3)))))}function Fp({id:e,sample:t,turns:n},o,{values:l,largest:r,selected:s,onSelect:a}){let c=l.get(e)?.[o]??null,{action:p}=n[o],{class:d,style:m}=Tr(c,r),_=s.episode===e&&s.turn===o,w=c===null?p:xn(c);return b("td",null,b("button",{type:"button",class:`cell ${d} ${p} ${c===null?"word":""}`,style:m,"aria-current":_?"true":void 0,"aria-label":`rollout ${t}, turn ${o+1}, ${p}: ${Z(c)}`,onClick:()=>a(e,o)},w))}function Op(e){let n={ArrowLeft:[0,-1],ArrowRight:[0,1],ArrowUp:[-1,0],ArrowDown:[1,0]}[e.key],o=e.target.closest("td"),l=o?.closest("table");if(n===void 0||!o||!l)return;let r=o.parentElement.rowIndex+n[0],s=l.rows[r]?.cells[o.cellIndex+n[1]]?.querySelector("button");s!=null&&(e.preventDefault(),s.focus())}function Ha(e){let{record:t,transcript:n}=e,[o,l]=Ue(null),r=n??[];return b("article",{class:"transcript"},b("h3",null,t.question.text),b("p",{class:"faint"},zp(t)),n===null?b("p",{class:"empty"},Np):null,Vp(r),b("ol",{class:"turns"},t.turns.map((s,a)=>Wp({...e,turn:s,t:a,tell:l,parts:r.filter(c=>c.turn===a)}))),b("p",{class:"told","aria-live":"polite"},o??Ip))}var Np="There was no room to keep this transcript; its numbers are all here",Ip="Point at a token, or focus a message and press the left and right arrow keys";function zp({question:e,answer:t,ending:n,outcome:o,f1:l,seconds:r,sample:s}){return[`rollout #${s}`,n,t===null?"no answer":`answer: ${t}`,`gold: ${e.golds.join(" | ")||"none"}`,`outcome ${Z(o)}`,l===null?null:`F1 ${Z(Number(l.toFixed(3)))}`,r===null?null:`messages ${Rr(r.generate)}, tools ${Rr(r.tools)}`].filter(a=>a!==null).join(" \xB7 ")}function Vp(e){let t=e.filter(({turn:n})=>n<0);return t.length===0?null:b("details",{class:"prompt"},b("summary",null,"prompt, not trained on"),t.map(({text:n})=>b("pre",null,n)))}function Rr(e){return e<1?`${(1e3*e).toFixed(1)} ms`:`${e.toFixed(2)} s`}function Wp(e){let{record:t,turn:n,t:o,parts:l,gains:r,advantages:s,largest:a,onTurn:c,tell:p}=e;return b("li",{class:"turn"},qp(t,o),b("div",{class:"said"},b("div",{class:"worth"},b("b",null,`turn ${o+1}`),ll({name:"gain",value:r[o]??null,largest:a.gain}),ll({name:"advantage",value:s[o]??null,largest:a.advantage}),Object.entries(n.credits??{}).map(([d,m])=>ll({name:d,value:m,largest:a.gain})),Hp(n)?b("span",{class:"lost"},"uncertain: credits differ in sign"):null,b("button",{type:"button",class:"why",onClick:()=>c(o)},"why this number")),Up(l).map(d=>Gp(d,p))))}function Hp({gain:e,credits:t={}}){let n=[e,...Object.values(t)].filter(o=>o!==null).map(Math.sign);return n.includes(1)&&n.includes(-1)}function qp({turns:e},t){let n=e.map(({belief:p})=>p).filter(p=>p!==null),o=e[t].belief;if(o===null)return b("div",{class:"margin"});let l=e[t+1]?.belief??null,r=Math.min(...n),s=Math.max(...n),a=p=>s===r?50:6+88*(p-r)/(s-r),c={x1:a(o),y1:0,x2:a(l??o),y2:100};return b("div",{class:"margin"},b("span",{class:"belief"},b("span",null,"belief"),o.toFixed(2).replace("-","\u2212")),b("div",{class:"path","aria-hidden":"true"},l===null?null:b("svg",{viewBox:"0 0 100 100",preserveAspectRatio:"none"},b("line",{...c,"vector-effect":"non-scaling-stroke"})),b("span",{class:"dot",style:{left:`${a(o)}%`}})))}var Bp={prompt:"prompt",think:"think",call:"call",result:"result",answer:"answer",other:"message"};function Up(e){let t=[];for(let n of e){let o=t.at(-1);o?.[0]?.kind===n.kind&&n.kind!=="result"?o.push(n):t.push([n])}return t}function Gp(e,t){let{kind:n,seconds:o,failure:l}=e[0],r=e.reduce((a,{trained:c})=>a+(c?.units.length??0),0),s=[Bp[n],o===null?null:Rr(o),l===null?null:`failed: ${l}`,r===0?"not trained on":`${r} tokens trained on`];return b("div",{class:`segment ${n}`},b("div",{class:"kind"},s.filter(a=>a!==null).join(" \xB7 ")),b("div",{class:"text"},e.map(({text:a,trained:c})=>c===null?b("span",{class:"read",title:"mask 0: not trained on"},a):b(Yp,{text:a,trained:c,tell:t}))))}var jp=4;function Yp({text:e,trained:t,tell:n}){let[o,l]=Ue(null),{units:r,logProb:s}=t,a=d=>{l(d),n(d===null?null:Kp({text:e,trained:t},d))},c=d=>{let m=d.key==="ArrowRight"?1:d.key==="ArrowLeft"?-1:0;m!==0&&(d.preventDefault(),a(Math.max(0,Math.min(r.length-1,(o??(m>0?-1:r.length))+m))))},p=0;return b("pre",{tabIndex:0,onKeyDown:c,onMouseLeave:()=>a(null),onBlur:()=>a(null)},r.map((d,m)=>{let _=Math.min(1,Math.max(0,-(s[m]??0))/jp);return b("span",{class:m===o?"token here":"token",style:{"--strength":`${(100*_).toFixed(0)}%`},onMouseEnter:()=>a(m)},e.slice(p,p+=d))}))}function Kp({text:e,trained:t},n){let{units:o,logProb:l,ratio:r,importanceWeight:s}=t,a=o.slice(0,n).reduce((d,m)=>d+m,0),c=JSON.stringify(e.slice(a,a+o[n])),p=l[n]??null;return[`token ${n+1} of ${o.length}: ${c}`,"mask 1",`log-prob ${Z(p)}`,p===null?null:`probability ${Z(Number(Math.exp(p).toPrecision(4)))}`,r[n]===void 0?"no update was applied":`ratio ${Z(r[n])}`,s===void 0?null:`importance weight ${Z(s[n]??null)}`].filter(d=>d!==null).join(" \xB7 ")}function qa(e,t){let{g:n,i:o,t:l}=t,r=e.groups[n][o],s={...t,credit:e,episode:r,isLast:l===r.rewards.malformed.length-1};return[...Jp(s),...Qp(s),...ed(s),...rd(s),...id(s)]}function Ba(e,t){let o=e.groups.flatMap((l,r)=>l.map(({record:s},a)=>({record:s,g:r,i:a}))).find(({record:l})=>l.id===t);return o===void 0?null:{g:o.g,i:o.i}}function Jp({credit:e,episode:t,t:n,isLast:o}){let{belief:l,record:r}=t,{measure:s,against:a}=e.preset.gain;if(s==="none")return[];let c={name:"belief before",formula:n===0?"mean log-prob of a gold token, from the question alone":`mean log-prob of a gold token after turn ${n}`,value:l[n],recorded:r.turns[n].belief};if(o)return[c];if(a==="without"){let p=l.at(-1),d=r.turns[n].without,m="last belief without this turn",_=`mean log-prob of a gold token; with it ${Z(p)}`;return[c,{name:m,formula:_,value:d,recorded:d}]}return[c,{name:"belief after",formula:`mean log-prob of a gold token after turn ${n+1}`,value:l[n+1],recorded:r.turns[n+1].belief}]}function Qp(e){let{credit:t,episode:n,g:o,i:l,t:r,isLast:s}=e,a=s?Xp(e):Zp(e),c=t.stages.rewards[o][l][r];if(a===null)return[];if(c===a.value)return[a];let{gain:p,weights:d}=t.preset,m=n.rewards.malformed[r]&&p.malformedTurn!==null,_=d.apply==="before"?s?d.outcome:d.gain:1,w=m?`${Z(p.malformedTurn)}, as the turn is malformed`:s||p.keep==="all"?Z(a.value):p.keep==="positive"?`max(0, ${Z(a.value)})`:"rise of the belief above its best so far",k=_===1?w:`${Z(_)} \xD7 ${w}`;return[a,{name:"reward",formula:k,value:c,recorded:null}]}function Zp({credit:e,episode:t,t:n}){let{measure:o,against:l}=e.preset.gain;if(o==="none")return null;let{belief:r,record:s,rewards:a}=t,c=l==="without",[p,d]=c?[r.at(-1),s.turns[n].without]:[r[n+1],r[n]],m=[p,d].map(k=>xo(k,o)),_=`${ct(m[0])} \u2212 ${ct(m[1])}`;return{name:"gain",formula:o==="prob"?`exp ${ct(p)} \u2212 exp ${ct(d)} = ${_}`:_,value:a.gain[n],recorded:s.turns[n].gain}}function Xp({credit:{preset:e},episode:{record:t,rewards:n}}){let{metric:o,golds:l,formatPenalty:r}=e.outcome,s=l==="first"?"the first gold answer":"the best of the gold answers";return{name:"outcome",formula:t.environmentOutcome!==null?"the environment's own grade":t.answer===null?`${Z(r)} without a well-formed answer`:`${o==="f1"?"F1 of words":"exact match"} against ${s}`,value:n.outcome,recorded:t.outcome}}function ed(e){let{credit:{stages:t,preset:n},episode:o,g:l,i:r,t:s,isLast:a}=e,c=t.rewards[l][r][s],p=t.normalised[l][r][s],d=t.weighed[l][r][s];if(n.gain.measure==="none"&&!a)return[];let m=t.pools[l].find(({places:P})=>P.some(T=>T.episode===r&&T.turn===s)),_=p===0?null:d/p,w="normalised",k=o.record.turns[s].normalised;return[...m===void 0?[]:[...nd(m,n.pool),{name:w,formula:od(c,m),value:p,recorded:k}],...d===p?[]:[{name:"weighed",formula:`${ct(p)} \xD7 ${Z(_)}, ${ld(e)}`,value:d,recorded:null}]]}var td={gain:"gains",outcome:"outcomes",both:"gains and outcomes"};function nd(e,t){let{kind:n,values:o,centre:l,divisor:r}=e,s=td[n],a=`of ${o.length} ${s} of the group`,c=n==="gain"&&t.gainCentre==="zero",p=c?"root mean square":"deviation",d=t.divideBy==="none"?"not divided":r===0?"none, as all are equal or it is alone":`${p} ${t.divideBy==="batch"?`of all ${s} of the batch`:a}, + eps`;return[{name:"pool mean",formula:c?"0, so that gains keep their signs":`mean ${a}`,value:l,recorded:null},{name:"pool deviation",formula:d,value:r,recorded:null}]}function od(e,{centre:t,stretch:n,divisor:o}){if(o===0)return"0, as the pool does not vary";let l=`(${Z(e)} \u2212 ${ct(t)}) / ${Z(o)}`;return n===1?l:`${Z(n)} \xD7 ${l}`}function ld({credit:{preset:e},isLast:t}){let{weights:n,gainScale:o}=e;return[...n.apply==="after"&&(t?n.outcome:n.gain)!==1?[t?"weight of outcomes":"weight of gains"]:[],...o==="none"||t?[]:["gains brought to the size of outcomes"],...n.fade==="never"||t?[]:["gains fade where outcomes differ"]].join(", ")}function rd(e){let{credit:{stages:t,preset:n},episode:o,g:l,i:r,t:s}=e,a=t.credit[l][r][s],c=t.advantages[l][r].turn[s],p=o.record.turns[s].advantage,d="return",m=sd(t.weighed[l][r],s,n.credit),_={name:d,formula:m,value:a,recorded:null},{baseline:w,whiten:k}=n.credit,P=[...w==="position"?["less the group's mean return at each token's index"]:[],...w==="start"?["against the group's returns at the first turn"]:[],...k&&w!=="position"?["whitened over the sampled tokens of the batch"]:[]],T=P.length===0?"the return":`${Z(a)} ${P.join(", ")}`;return[_,{name:"advantage",formula:T,value:c,recorded:p}]}function sd(e,t,{rule:n,gamma:o,alpha:l}){let r=e.length-1,s=a=>Array.from(e.subarray(t,a),(c,p)=>p===0||o===1?ct(c):`${Z(o**p)} \xD7 ${ct(c)}`).join(" + ");return n==="return"?s(r+1):t===r?ct(e[r]):n==="own"?`${Z(l)} \xD7 ${ct(e[t])} + ${ct(e[r])}`:`${Z(l)} \xD7 (${s(r)}) / \u221A${r-t} + ${ct(e[r])}`}function id(e){let{credit:{preset:t,stages:n},episode:{record:o,rewards:l,lossWeight:r},g:s,i:a,t:c}=e;if(vo(l)===0)return[];let p="loss weight",d=`${ud(e)}, for each of its tokens`;return[{name:p,formula:d,value:r,recorded:o.lossWeight},...ad(e),...t.clip.adaptive===0?[]:[{name:"clip range",formula:"factor on the clip range, by the normalised gain",value:n.advantages[s][a].clipScale[c],recorded:null}]]}function ad({credit:{preset:e},episode:{record:t},t:n}){let{importanceWeight:o,sampled:l}=t.turns[n];return e.staleness.steps===0||typeof o!="number"?[]:[{name:"importance weight",formula:`min(${Z(e.staleness.weightBound)}, probability before the step's updates / probability when sampled), mean of its ${l} tokens; each token's loss is multiplied by its own`,value:o,recorded:o}]}function ud({credit:{preset:e,groups:t},episode:n}){let o=t.flat().filter(({record:l})=>l.miniBatch===n.record.miniBatch).map(({rewards:l})=>vo(l)).filter(l=>l>0);switch(e.aggregation){case"token-mean":return`1 / ${o.reduce((l,r)=>l+r,0)} sampled tokens of the update`;case"seq-mean-token-mean":return`1 / (${o.length} episodes \xD7 ${vo(n.rewards)} sampled tokens)`;case"seq-mean-token-sum":return`1 / ${o.length} episodes of the update`;case"seq-mean-token-sum-norm":return"1 / tokens that an episode may have"}}function Ua({credit:e,episode:t,turn:n,isOwn:o}){if(typeof e=="string")return b("p",{class:"empty"},e);let l=Ba(e,t);if(l===null)return b("p",{class:"empty"},"This episode was not trained on");let r=qa(e,{...l,t:n});return b("div",{class:"scroll"},b("table",{class:"reasons"},b("thead",null,b("tr",null,["number","formula","value",o?"the run's own":"under the run's preset"].map(s=>b("th",{scope:"col"},s)))),b("tbody",null,r.map(({name:s,formula:a,value:c,recorded:p})=>b("tr",{class:s==="advantage"?"result":""},b("th",{scope:"row"},s),b("td",{class:"formula"},a),b("td",null,Z(c)),b("td",{class:"faint"},p===null?"":cd(c,p,{isOwn:o})))))))}function cd(e,t,{isOwn:n}){let o=Z(t);return n?o===Z(e)?`${o}, the same`:`${o}, another number`:o}function Ga(e){let{data:t,route:n}=e,[o,l]=Ue(null),r=t.runs[n.run];if(r===void 0)return b("p",{class:"empty"},`There is no run number ${n.run}`);let s=n.step??r.kept.at(-1)?.step??null,a=n.run;return b("section",{"aria-label":"Episodes",class:n.besideRun===null?"":"two"},xa(e,s),b("div",{class:"panes"},b(ja,{...e,run:r,runIndex:a,step:s,question:null,onQuestion:l}),fd(e,o)))}function fd(e,t){let{data:n,route:{besideRun:o,besideStep:l}}=e,r=o===null?void 0:n.runs[o];if(r===void 0||o===null)return null;let s=l??r.kept.at(-1)?.step??null;return b(ja,{...e,run:r,runIndex:o,step:s,question:t,onQuestion:null})}function ja(e){let{source:t,run:n,runIndex:o,step:l}=e,[r,s]=Ue(null);return wt(()=>{let a=!0;if(s(null),l!==null)return t.step(o,l).then(c=>a&&s({step:c}),c=>a&&s({step:String(c.message??c)})),()=>{a=!1}},[t,o,l]),l===null?b("p",{class:"empty"},`${n.name} keeps no episodes: its recipe's episodeMegabytes is 0, or no step is finished`):r===null?b("p",{class:"empty"},`Reading step ${l}`):typeof r.step=="string"?b("p",{class:"empty"},r.step):b(pd,{...e,loaded:r.step})}function pd(e){let{loaded:t,data:n,run:o,route:l,question:r,onQuestion:s,go:a}=e,{records:c,notes:p}=t,d=n.presets.find(({name:I})=>I===l.preset)??o.preset,m=d===o.preset,_=md(c,d,o),w=dd(e),[k,P]=Ue(null),T=s===null,L=r===null?c:c.filter(I=>I.question.id===r),v=xd(L,T?k:l.episode),C=v?.question.id??null;if(wt(()=>s?.(C),[C]),L.length===0)return b("p",{class:"empty"},"This step does not have that question: choose another step");let S=l.besideRun!==null&&C!==null,G=S?L.filter(I=>I.question.id===C):L,R=m||typeof _=="string"?null:_;if(!m&&_===null)return b("p",{class:"empty"},"Computing advantages");let j=(I,J)=>{T&&P(I),a(T?{turn:J}:{episode:I,turn:J}),requestAnimationFrame(()=>innerWidth<hd&&Ka(T))};return b("div",{class:"pane"},rl([...p,...!m&&typeof _=="string"?[_]:[]]),b(bd,{...e,records:G,credit:R,open:v,onSelect:j,questions:S&&!T?c:null}),v===null?null:b(kd,{...e,texts:w,open:v,credit:_,known:R,isOwn:m}))}function dd({source:e,runIndex:t,step:n,loaded:o}){let[l,r]=Ue(null);return wt(()=>{let s=!0;return e.texts(t,n).then(a=>s&&r(a),a=>s&&r(String(a.message??a))),()=>{s=!1}},[o]),l}var hd=1060,Ya=e=>e?"why-beside":"why";function Ka(e){document.getElementById(Ya(e))?.scrollIntoView({block:"nearest"})}function md(e,t,{preset:n,contextTokens:o}){let[l,r]=Ue(),s=gd({chosen:t,origin:{preset:n,contextTokens:o}}),a=st(()=>({}),[e,s]);return wt(()=>r({of:a,credit:_d(e,s.chosen,s.origin)}),[a]),l?.of===a?l.credit:null}function gd(e){let t=Qt(e);return JSON.stringify(e)!==JSON.stringify(t.current)&&(t.current=e),t.current}function _d(e,t,n){return t===null?"Choose a preset to see advantages of these traces":Va(e,t,n)}function wd(e,t,n){let o=new Map(e.toReversed().map(l=>[l.question.id,l]));return Ht({label:"question",value:t,options:[...o.values()].reverse().map(({question:{id:l,text:r}})=>({value:l,text:r})),onChoose:l=>n(o.get(l).id)})}function xd(e,t){return e.find(n=>n.id===t)??e.find(({dropped:n,turns:o})=>n===null&&o.length>0)??null}function bd({records:e,credit:t,open:n,route:o,onSelect:l,questions:r}){let s=st(()=>ul(e,o.by,t),[e,o.by,t]),a=st(()=>cl(s),[s]),c=yd(l),p=n?.id??null,d=st(()=>[...Map.groupBy(e,({group:m})=>m)].map(([m,_],w)=>b(Wa,{key:m,isFirst:w<vd,records:_,values:s,largest:a,selected:{episode:p,turn:o.turn},onSelect:c})),[e,s,a,p,o.turn,c]);return b("div",{class:"groups"},b("p",{class:"scale"},b("span",null,xn(-a)),b("span",{class:"ramp","aria-hidden":"true"}),b("span",null,xn(a)),b("span",{class:"faint"},Ar[o.by]),r===null||n===null?null:wd(r,n.question.id,m=>l(m,0))),d)}var vd=4;function yd(e){let t=Qt(e);return t.current=e,Vo((...n)=>t.current(...n),[])}function kd(e){let{texts:t,open:n,credit:o,known:l,isOwn:r,route:s,go:a,loaded:c,onQuestion:p}=e,{records:d}=c,m=st(()=>Array.isArray(t)?Sd(t[d.indexOf(n)]):null,[t,d,n]),[_,w]=st(()=>[ul(d,"gain",l),ul(d,"advantage",l)],[d,l]),k=Math.min(s.turn,n.turns.length-1);return b("div",{class:"opened"},b("section",{class:"reasons-of",id:Ya(p===null)},b("h3",null,`Why this number: turn ${k+1} of rollout #${n.sample}`),o===null?b("p",{class:"empty"},"Computing"):b(Ua,{credit:o,episode:n.id,turn:k,isOwn:r})),t===null||typeof t=="string"?b("p",{class:"empty"},t??"Reading the text"):b(Ha,{key:n.id,record:n,transcript:m,gains:_.get(n.id)??[],advantages:w.get(n.id)??[],largest:{gain:cl(_),advantage:cl(w)},turn:k,onTurn:P=>{a({turn:P}),Ka(p===null)}}))}function Sd(e){return typeof e=="string"?JSON.parse(e):null}function Qa({source:e}){let[t,n]=Ue(null),[o,l]=Ue(()=>il(location.hash));wt(()=>{e.load().then(n,m=>n(String(m.message))),addEventListener("hashchange",()=>l(il(location.hash)))},[e]);let r=typeof t=="object"&&t?.isLive===!0;wt(()=>{r&&e.follow(()=>e.load().then(n,()=>{}))},[e,r]);let s=Vo(d=>{let m={...il(location.hash),...d};history.replaceState(null,"",wa(m)),l(m)},[]),a=typeof t=="object"?t?.runs??Ja:Ja,c=st(()=>Md(a),[a]);if(t===null)return b("p",{class:"empty"},"Reading");if(typeof t=="string")return b("p",{class:"empty"},t);let p=d=>s({view:"episodes",step:Ad(t.runs[o.run],d)});return b("main",null,Ed({data:t,route:o,colours:c,go:s}),rl(t.runs.flatMap(({notes:d})=>d)),o.view==="curves"?b(_a,{runs:a,colours:c,onStep:p}):b(Ga,{data:t,source:e,route:o,go:s}))}var Ja=[];function Md(e){let t=[...new Set(e.map(({series:n})=>n))];return new Map(t.map((n,o)=>[n,o%Td]))}var Td=8;function Ad(e,t){return(e?.kept??[]).map(o=>({...o,far:Math.abs(o.step-t)})).sort((o,l)=>o.far-l.far)[0]?.step??null}function Ed({data:e,route:t,colours:n,go:o}){let l=(r,s)=>b("button",{type:"button","aria-current":t.view===r?"page":void 0,onClick:()=>o({view:r})},s);return b("header",null,b("h1",null,"igpo",e.isLive?b("span",{class:"live"},"live"):null),b("nav",{"aria-label":"Views"},l("curves","Curves"),l("episodes","Episodes")),b("ul",{class:"legend","aria-label":"Series"},[...n].map(([r,s])=>b("li",null,b("span",{class:`key series-${s}`,"aria-hidden":"true"}),r,b("span",{class:"faint"},Pd(e.runs.filter(a=>a.series===r)))))))}function Pd(e){let t=Math.min(...e.map(({metrics:r})=>r.at(-1)?.step??0)),n=e[0]?.steps??null,o=e.length===1?e[0].seed:null;return[e.length>1?`${e.length} seeds`:o===null?"":`seed ${o}`,n===null?"":`${t} of ${n} steps`].filter(r=>r!=="").map((r,s)=>s===0?` ${r}`:`, ${r}`).join("")}var Za=`:root {
  color-scheme: light dark;
  --paper: #fdfdfb;
  --panel: #ffffff;
  --ink: #20242a;
  --faint: #66707c;
  --line: #e3e5e4;
  --up: #2f78c4;
  --down: #d9772b;
  --token: #8a6bb8;
  --series-0: #2f78c4;
  --series-1: #d9772b;
  --series-2: #2b8f6a;
  --series-3: #8a5fb5;
  --series-4: #b08a00;
  --series-5: #5c6773;
  --series-6: #bf3d78;
  --series-7: #4f9fb0;
}

@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15181c;
    --panel: #1b1f24;
    --ink: #e3e6ea;
    --faint: #98a2ad;
    --line: #2e343b;
    --up: #5c9ee0;
    --down: #e39150;
    --token: #a98bd4;
    --series-0: #6aaaf0;
    --series-1: #ee9a58;
    --series-2: #55bb93;
    --series-3: #b592dd;
    --series-4: #d3b03a;
    --series-5: #9aa5b1;
    --series-6: #e57aa8;
    --series-7: #7cc6d6;
  }
}

* {
  box-sizing: border-box;
}

body {
  margin: 0;
  background: var(--paper);
  color: var(--ink);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums;
}

main {
  max-width: 1560px;
  margin: 0 auto;
  padding: 0 20px 48px;
}

header {
  display: flex;
  flex-wrap: wrap;
  align-items: baseline;
  gap: 6px 24px;
  padding: 14px 0 10px;
  border-bottom: 1px solid var(--line);
}

h1,
h2,
h3 {
  margin: 0;
  font-size: 14px;
  font-weight: 600;
}

h1 {
  font-size: 17px;
}

nav {
  display: flex;
  gap: 16px;
}

nav button {
  padding: 2px 0;
  border: 0;
  border-bottom: 2px solid transparent;
  background: none;
  color: var(--faint);
}

nav button[aria-current] {
  border-color: var(--ink);
  color: var(--ink);
}

button,
select,
input {
  font: inherit;
  color: inherit;
}

button,
select {
  cursor: pointer;
}

button:disabled {
  opacity: 0.35;
  cursor: default;
}

:focus-visible {
  outline: 2px solid var(--up);
  outline-offset: 1px;
}

.legend {
  display: flex;
  flex-wrap: wrap;
  gap: 2px 18px;
  margin: 0 0 0 auto;
  padding: 0;
  list-style: none;
}

.key {
  display: inline-block;
  width: 14px;
  height: 3px;
  margin-right: 6px;
  vertical-align: middle;
}

.series-0 {
  background: var(--series-0);
}
.series-1 {
  background: var(--series-1);
}
.series-2 {
  background: var(--series-2);
}
.series-3 {
  background: var(--series-3);
}
.series-4 {
  background: var(--series-4);
}
.series-5 {
  background: var(--series-5);
}
.series-6 {
  background: var(--series-6);
}
.series-7 {
  background: var(--series-7);
}

.live {
  margin-left: 8px;
  color: var(--series-2);
  font-size: 12px;
  font-weight: 400;
}

.live::before {
  content: "\u25CF ";
}

.faint {
  color: var(--faint);
}

.empty {
  padding: 32px 20px;
  color: var(--faint);
}

.notes {
  margin: 10px 0;
  padding: 8px 12px 8px 28px;
  border-left: 3px solid var(--down);
  background: var(--panel);
}

.bar {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 8px 14px;
  padding: 12px 0;
}

.bar button,
.bar select {
  min-height: 28px;
  border: 1px solid var(--line);
  border-radius: 3px;
  background: var(--panel);
}

.choice {
  display: inline-flex;
  align-items: center;
  gap: 6px;
}

.choice span {
  color: var(--faint);
}

.choice select {
  max-width: 260px;
}

.charts {
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(320px, 1fr));
  gap: 22px 26px;
}

.chart {
  min-width: 0;
  margin: 0;
}

.chart figcaption p {
  overflow: hidden;
  margin: 0 0 4px;
  color: var(--faint);
  font-size: 12px;
  text-overflow: ellipsis;
  white-space: nowrap;
}

.plot {
  height: 132px;
  cursor: pointer;
}

.chart summary {
  color: var(--faint);
  font-size: 12px;
  cursor: pointer;
}

.scroll {
  overflow-x: auto;
}

.chart .scroll {
  max-height: 240px;
  overflow-y: auto;
}

table {
  border-collapse: collapse;
}

th,
td {
  padding: 2px 8px;
  font-weight: 400;
  text-align: right;
}

.numbers th,
.reasons thead th,
.matrix thead th,
.matrix th {
  color: var(--faint);
  font-size: 12px;
}

.panes {
  display: grid;
  grid-template-columns: minmax(0, 1fr);
  gap: 28px;
}

.pane {
  display: grid;
  grid-template-columns: minmax(0, 1fr);
  align-content: start;
  gap: 26px;
}

.pane > .notes {
  grid-column: 1 / -1;
}

@media (min-width: 1060px) {
  .pane {
    grid-template-columns: minmax(340px, 5fr) minmax(0, 7fr);
    align-items: start;
  }

  .opened {
    position: sticky;
    top: 0;
    max-height: 100vh;
    overflow-y: auto;
  }

  .two .panes {
    grid-template-columns: 1fr 1fr;
  }

  .two .pane {
    grid-template-columns: minmax(0, 1fr);
  }

  .two .opened {
    position: static;
    max-height: none;
  }
}

.group {
  padding: 10px 0 16px;
  /* Groups out of sight are not laid out. */
  contain-intrinsic-size: auto 320px;
  content-visibility: auto;
}

.group p {
  margin: 0 0 4px;
}

.scale {
  display: flex;
  min-height: 30px;
  align-items: center;
  gap: 8px;
  margin: 0 0 4px;
  font-size: 12px;
}

.ramp {
  width: 140px;
  height: 10px;
  background: linear-gradient(to right, var(--down), var(--panel), var(--up));
}

.matrix td {
  padding: 1px;
  text-align: center;
}

.matrix thead th {
  text-align: center;
}

.matrix th[scope="row"] {
  padding: 0 8px 0 0;
}

.matrix tr.open th {
  color: var(--ink);
  font-weight: 600;
}

.cell {
  width: 64px;
  height: 26px;
  padding: 0;
  border: 1px solid var(--line);
  border-radius: 2px;
  background: var(--panel);
  font-size: 12px;
}

.up {
  background: color-mix(in oklab, var(--up) calc(0.72 * var(--strength)), var(--panel));
}

.down {
  background: color-mix(in oklab, var(--down) calc(0.72 * var(--strength)), var(--panel));
}

.cell.word {
  color: var(--faint);
  font-size: 11px;
}

.cell.answer {
  border-bottom: 2px solid var(--ink);
}

.cell.malformed {
  border-bottom: 2px dotted var(--ink);
}

.cell[aria-current] {
  outline: 2px solid var(--ink);
  outline-offset: -1px;
}

.outcome {
  min-width: 64px;
}

.lost {
  color: var(--down);
}

td.lost {
  text-align: left;
}

.reasons {
  width: 100%;
}

.reasons th[scope="row"],
.reasons .formula,
.reasons thead th:first-child,
.reasons thead th:nth-child(2) {
  text-align: left;
}

.reasons td,
.reasons th {
  padding: 3px 10px 3px 0;
  border-top: 1px solid var(--line);
  vertical-align: baseline;
}

.reasons thead th {
  border-top: 0;
}

.reasons td:nth-child(3),
.reasons td:nth-child(4),
.reasons th[scope="row"] {
  white-space: nowrap;
}

.reasons .formula {
  width: 60%;
}

.reasons .result th,
.reasons .result td:nth-child(3) {
  font-weight: 600;
}

.reasons-of {
  padding-bottom: 18px;
}

.turns {
  margin: 8px 0 0;
  padding: 0;
  list-style: none;
}

.turn {
  display: grid;
  grid-template-columns: 100px minmax(0, 1fr);
  gap: 14px;
}

.margin {
  display: grid;
  grid-template-columns: 44px 1fr;
  border-right: 1px solid var(--line);
}

.belief {
  font-size: 12px;
}

.belief span {
  display: block;
  color: var(--faint);
  font-size: 11px;
}

.path {
  position: relative;
}

.path svg {
  position: absolute;
  width: 100%;
  height: 100%;
  inset: 0;
}

.path line {
  stroke: var(--series-2);
  stroke-width: 1.5px;
}

.dot {
  position: absolute;
  top: -4px;
  width: 8px;
  height: 8px;
  margin-left: -4px;
  border-radius: 50%;
  background: var(--series-2);
}

.said {
  padding-bottom: 18px;
}

.worth {
  display: flex;
  flex-wrap: wrap;
  align-items: baseline;
  gap: 4px 10px;
}

.chip {
  padding: 0 6px;
  border-radius: 2px;
}

.why {
  padding: 0;
  border: 0;
  background: none;
  color: var(--faint);
  text-decoration: underline;
}

.segment {
  margin-top: 6px;
}

.kind {
  color: var(--faint);
  font-size: 11px;
}

pre,
.text {
  margin: 0;
  font: 12.5px/1.5 ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace;
  overflow-wrap: anywhere;
  white-space: pre-wrap;
}

.result pre,
.prompt pre {
  padding-left: 10px;
  border-left: 2px solid var(--line);
  color: var(--faint);
}

.read {
  color: var(--faint);
}

.prompt summary {
  color: var(--faint);
  cursor: pointer;
}

.token {
  background: color-mix(in oklab, var(--token) calc(0.5 * var(--strength)), transparent);
}

.token.here {
  outline: 1px solid var(--ink);
}

.told {
  position: sticky;
  bottom: 0;
  margin: 0;
  padding: 6px 0;
  border-top: 1px solid var(--line);
  background: var(--paper);
  color: var(--faint);
  font-size: 12px;
  overflow-wrap: anywhere;
}

.hidden {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
}

@media (max-width: 640px) {
  main {
    padding: 0 12px 32px;
  }

  .turn {
    grid-template-columns: 72px minmax(0, 1fr);
    gap: 8px;
  }

  .cell {
    width: 50px;
  }

  .cell.word {
    font-size: 9px;
  }

  .legend {
    margin: 0;
  }
}
`;var Xa="igpo-data";function eu(e,t){return`igpo-step-${e}-${t}`}function tu(e,t){return`igpo-texts-${e}-${t}`}function nu(){let e=document.getElementById(Xa);return e===null?Dd:Ld(e)}function Ld(e){let t=async n=>{let o=document.getElementById(n)?.textContent??await Rd(`${e.dataset.folder}/${n}.js`);return await $d(o.trim())};return{load:()=>Promise.resolve(JSON.parse(e.textContent??"")),step:(n,o)=>t(eu(n,o)),texts:(n,o)=>t(tu(n,o)),follow:()=>{}}}async function $d(e){let t=atob(e),n=new Uint8Array(t.length);for(let l=0;l<t.length;l++)n[l]=t.charCodeAt(l);let o=new Blob([n]).stream().pipeThrough(new DecompressionStream("gzip"));return await new Response(o).json()}function Rd(e){return new Promise((t,n)=>{let o=document.createElement("script");o.src=e,o.onload=()=>t(o.dataset.text??""),o.onerror=()=>n(new Error(`Cannot read ${e} beside this page`)),document.head.append(o)})}var Dd={load:()=>Dr("data/runs.json"),step:(e,t)=>Dr(`data/step.json?run=${e}&step=${t}`),texts:(e,t)=>Dr(`data/texts.json?run=${e}&step=${t}`),follow:e=>{new EventSource("data/events").addEventListener("changed",e)}};async function Dr(e){let t=await fetch(e);if(t.ok)return await t.json();throw new Error(await t.text())}var ou=new CSSStyleSheet;ou.replaceSync(ks+Za);document.adoptedStyleSheets=[ou];ys(b(Qa,{source:nu()}),document.body);
